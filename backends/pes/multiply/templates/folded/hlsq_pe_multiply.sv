// Multiplies by an integer, with a register behind the product for the DSP block's own.
module hlsq_pe_multiply #(
    parameter int STAGES = 2,
    parameter int TAP_BITS = 1,
    parameter int OPERAND_BITS = 1,
    parameter int PRODUCT_BITS = 1
) (
    input logic clk,
    input logic [STAGES-1:0][TAP_BITS-1:0] tap,
    input logic [STAGES-1:0][OPERAND_BITS-1:0] operand,
    output logic signed [PRODUCT_BITS-1:0] product
);
  logic signed [TAP_BITS+OPERAND_BITS-1:0] whole;
  always_ff @(posedge clk) begin
    whole <= signed'(tap[0]) * signed'(operand[0]);
    product <= PRODUCT_BITS'(whole);
  end
endmodule
