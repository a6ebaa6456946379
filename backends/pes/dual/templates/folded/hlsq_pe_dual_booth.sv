// Multiplies by an integer or by a power of two: adds the multiples of the tap that signed digits of radix 4 select, the
// lowest digit first, one a cycle. A digit is [negative | two | one].
module hlsq_pe_dual_booth #(
    parameter int STAGES = 1,  // as many as digits
    parameter int TAP_BITS = 1,
    parameter int OPERAND_BITS = 3,
    parameter int PRODUCT_BITS = 1
) (
    input logic clk,
    input logic [STAGES-1:0][TAP_BITS-1:0] tap,
    input logic [STAGES-1:0][OPERAND_BITS-1:0] operand,
    output logic signed [PRODUCT_BITS-1:0] product
);
  logic [STAGES:0][PRODUCT_BITS-1:0] sums;
  assign sums[0] = '0;
  for (genvar i = 0; i < STAGES; i++) begin : digit
    // The multiple lies at the digit's place, above what lower digits have settled.
    localparam int BITS = PRODUCT_BITS - 2 * i;
    logic one, two, negative;
    logic [BITS-1:0] value, multiple;
    assign {negative, two, one} = operand[i][3*i+:3];
    assign value = BITS'(signed'(tap[i]));
    assign multiple = ({BITS{one}} & value) | ({BITS{two}} & {value[BITS-2:0], 1'b0});
    if (i > 0) begin : settled
      always_ff @(posedge clk) sums[i+1][2*i-1:0] <= sums[i][2*i-1:0];
    end
    always_ff @(posedge clk)
      sums[i+1][PRODUCT_BITS-1:2*i] <= sums[i][PRODUCT_BITS-1:2*i] + (multiple ^ {BITS{negative}}) + BITS'(negative);
  end
  assign product = signed'(sums[STAGES]);
endmodule
