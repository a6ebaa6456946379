// The network's outputs, in the order in which they leave.
module hlsq_outputs (
    input logic clk,
    input hlsq::output_write_t write,
    input hlsq::address_t address,
    output logic [hlsq::WORD*hlsq::OUTPUT_BITS-1:0] word  // 2 cycles later
);
  localparam int DEPTH_BITS = hlsq::OUTPUTS > 1 ? $clog2(hlsq::OUTPUTS) : 1;
  localparam int BITS = hlsq::GRANULE * hlsq::OUTPUT_BITS;

  for (genvar g = 0; g < hlsq::GRANULES; g++) begin : granule
    hlsq_ram #(.DEPTH(hlsq::OUTPUTS), .BITS(BITS)) ram (
        .clk,
        .write(write.granules[g]),
        .write_address(write.address[DEPTH_BITS-1:0]),
        .written(write.lanes[g*BITS+:BITS]),
        .read_address(address[DEPTH_BITS-1:0]),
        .word(word[g*BITS+:BITS])
    );
  end
endmodule
