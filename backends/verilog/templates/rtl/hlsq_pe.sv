// A processing element, by kind: a product of a tap and a weight, STAGES cycles later. Both come once for each stage, a
// cycle later each time, so that what is delayed is delayed once for all PEs that share it.
module hlsq_pe #(
    parameter int KIND = 0,
    parameter int STAGES = 1,
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
  if (KIND == 0) begin : shift
    hlsq_pe_shift #(
        .STAGES(STAGES), .TAP_BITS(TAP_BITS), .EXPONENT_BITS(EXPONENT_BITS), .OPERAND_BITS(OPERAND_BITS),
        .PRODUCT_BITS(PRODUCT_BITS)
    ) pe (.clk, .tap, .operand, .product);
  end else if (KIND == 1) begin : multiply
    hlsq_pe_multiply #(
        .STAGES(STAGES), .TAP_BITS(TAP_BITS), .OPERAND_BITS(OPERAND_BITS), .PRODUCT_BITS(PRODUCT_BITS)
    ) pe (.clk, .tap, .operand, .product);
  end else if (KIND == 2) begin : sign
    hlsq_pe_sign #(
        .STAGES(STAGES), .TAP_BITS(TAP_BITS), .OPERAND_BITS(OPERAND_BITS), .PRODUCT_BITS(PRODUCT_BITS)
    ) pe (.clk, .tap, .operand, .product);
  end else if (KIND == 3) begin : booth
    hlsq_pe_dual_booth #(
        .STAGES(STAGES), .TAP_BITS(TAP_BITS), .OPERAND_BITS(OPERAND_BITS), .PRODUCT_BITS(PRODUCT_BITS)
    ) pe (.clk, .tap, .operand, .product);
  end else begin : mux
    hlsq_pe_dual_mux #(
        .STAGES(STAGES), .TAP_BITS(TAP_BITS), .CODE_BITS(CODE_BITS), .EXPONENT_BITS(EXPONENT_BITS),
        .OPERAND_BITS(OPERAND_BITS), .PRODUCT_BITS(PRODUCT_BITS)
    ) pe (.clk, .tap, .operand, .product);
  end
endmodule
