// A reset that lasts long enough for all delay lines, which have none of their own, to become empty.
module hlsq_reset #(
    parameter int CYCLES = 256
) (
    input logic clk,
    input logic aresetn,
    output logic reset
);
  localparam int BITS = $clog2(CYCLES) + 1;
  logic [BITS-1:0] left;

  initial reset = 1'b1;
  initial left = BITS'(CYCLES);
  always_ff @(posedge clk) begin
    if (!aresetn) begin
      left <= BITS'(CYCLES);
      reset <= 1'b1;
    end else if (left != '0) begin
      left <= left - 1'b1;
    end else begin
      reset <= 1'b0;
    end
  end
endmodule
