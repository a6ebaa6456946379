// Simulation only: hands the integers that an instruction computes to the test bench.
module hlsq_observer #(
    parameter int STAGE = 0,
    parameter int LANES = 1,
    parameter int BITS = 1
) (
    input logic clk,
    input logic valid,
    input hlsq::number_t number,  // of the instruction
    input hlsq::pixel_count_t pixel,
    input int lane,  // of the pixel, the first one here
    input hlsq::count_t count,  // of lanes
    input logic [LANES-1:0][BITS-1:0] integers
);
`ifdef VERILATOR
  import "DPI-C" function void hlsq_observe(
      input int number, input int stage, input int pixel, input int lane, input longint value
  );
  always_ff @(posedge clk)
    if (valid)
      for (int l = 0; l < LANES; l++)
        if (l < int'(count)) hlsq_observe(int'(number), STAGE, int'(pixel), lane + l, 64'(signed'(integers[l])));
`else
  logic unused;
  assign unused = ^{clk, valid, number, pixel, lane, count, integers};
`endif
endmodule
