// A signed product three cycles later, with the registers that a DSP block has.
module hlsq_multiplier #(
    parameter int A_BITS = 1,
    parameter int B_BITS = 1,
    parameter int BITS = 1
) (
    input logic clk,
    input logic signed [A_BITS-1:0] a,
    input logic signed [B_BITS-1:0] b,
    output logic signed [BITS-1:0] product
);
  logic signed [A_BITS-1:0] a_now;
  logic signed [B_BITS-1:0] b_now;
  logic signed [A_BITS+B_BITS-1:0] whole;
  always_ff @(posedge clk) begin
    a_now <= a;
    b_now <= b;
    whole <= a_now * b_now;
    product <= BITS'(whole);
  end
endmodule
