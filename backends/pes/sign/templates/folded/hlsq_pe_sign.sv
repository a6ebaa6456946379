// Multiplies by 1, -1 or 0: a selection and the sign, which goes through the carry chain. An operand is
// [negative | not zero].
module hlsq_pe_sign #(
    parameter int STAGES = 1,
    parameter int TAP_BITS = 1,
    parameter int OPERAND_BITS = 2,
    parameter int PRODUCT_BITS = 1
) (
    input logic clk,
    input logic [STAGES-1:0][TAP_BITS-1:0] tap,
    input logic [STAGES-1:0][OPERAND_BITS-1:0] operand,
    output logic signed [PRODUCT_BITS-1:0] product
);
  logic signed [PRODUCT_BITS-1:0] size;
  assign size = operand[0][0] ? PRODUCT_BITS'(signed'(tap[0])) : '0;
  always_ff @(posedge clk) product <= (size ^ {PRODUCT_BITS{operand[0][1]}}) + PRODUCT_BITS'(operand[0][1]);
endmodule
