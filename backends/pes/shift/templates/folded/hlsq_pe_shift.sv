// Multiplies by 0 or +-2^e in two cycles: a shift by up to 3; one by multiples of 4, the selection of 0, and the sign,
// which goes through the carry chain. An operand is [negative | not zero | exponent].
module hlsq_pe_shift #(
    parameter int STAGES = 2,
    parameter int TAP_BITS = 1,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 3,
    parameter int PRODUCT_BITS = 1
) (
    input logic clk,
    input logic [STAGES-1:0][TAP_BITS-1:0] tap,
    input logic [STAGES-1:0][OPERAND_BITS-1:0] operand,
    output logic signed [PRODUCT_BITS-1:0] product
);
  localparam int LOW = EXPONENT_BITS < 2 ? EXPONENT_BITS : 2;

  logic signed [PRODUCT_BITS-1:0] shifted, far, size;
  logic negative;
  always_ff @(posedge clk) shifted <= PRODUCT_BITS'(signed'(tap[0])) <<< operand[0][LOW-1:0];

  if (EXPONENT_BITS > 2) begin : long_shift
    assign far = shifted <<< {operand[1][EXPONENT_BITS-1:2], 2'b00};
  end else begin : short_shift
    assign far = shifted;
  end
  assign size = operand[1][EXPONENT_BITS] ? far : '0;
  assign negative = operand[1][EXPONENT_BITS+1];
  always_ff @(posedge clk) product <= (size ^ {PRODUCT_BITS{negative}}) + PRODUCT_BITS'(negative);
endmodule
