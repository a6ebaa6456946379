// A sum over steps, or the largest of all.
module hlsq_accumulator #(
    parameter int BITS = 1,
    parameter bit MAXIMA = 1'b0
) (
    input logic clk,
    input logic adds,
    input logic first,
    input logic largest,
    input logic signed [BITS-1:0] start,
    input logic signed [BITS-1:0] value,
    output logic signed [BITS-1:0] sum
);
  logic signed [BITS-1:0] so_far;
  assign so_far = first ? start : sum;
  always_ff @(posedge clk)
    if (adds) sum <= MAXIMA && largest ? (so_far < value ? value : so_far) : so_far + value;
endmodule
