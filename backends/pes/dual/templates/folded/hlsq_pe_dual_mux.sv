// Multiplies by an integer or by a power of two, with a multiplier, a shifter and a selector behind them (DoubleQExt
// Fig. 5). An operand is [shifts | integer], or [shifts | negative | not zero | exponent].
module hlsq_pe_dual_mux #(
    parameter int STAGES = 2,
    parameter int TAP_BITS = 1,
    parameter int CODE_BITS = 1,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 1,
    parameter int PRODUCT_BITS = 1
) (
    input logic clk,
    input logic [STAGES-1:0][TAP_BITS-1:0] tap,
    input logic [STAGES-1:0][OPERAND_BITS-1:0] operand,
    output logic signed [PRODUCT_BITS-1:0] product
);
  localparam int LOW = EXPONENT_BITS < 2 ? EXPONENT_BITS : 2;
  localparam int NUMBER_BITS = OPERAND_BITS - 1;

  logic signed [TAP_BITS+NUMBER_BITS-1:0] whole;
  logic signed [PRODUCT_BITS-1:0] shifted, far, size, power;
  logic negative;
  always_ff @(posedge clk) begin
    whole <= signed'(tap[0]) * signed'(operand[0][NUMBER_BITS-1:0]);
    shifted <= PRODUCT_BITS'(signed'(tap[0])) <<< operand[0][LOW-1:0];
  end
  if (EXPONENT_BITS > 2) begin : long_shift
    assign far = shifted <<< {operand[1][EXPONENT_BITS-1:2], 2'b00};
  end else begin : short_shift
    assign far = shifted;
  end
  assign size = operand[1][EXPONENT_BITS] ? far : '0;
  assign negative = operand[1][EXPONENT_BITS+1];
  assign power = (size ^ {PRODUCT_BITS{negative}}) + PRODUCT_BITS'(negative);
  always_ff @(posedge clk) product <= operand[1][NUMBER_BITS] ? power : PRODUCT_BITS'(whole);
endmodule
