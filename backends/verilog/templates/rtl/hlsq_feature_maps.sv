// The banks of one feature-map memory. Words come in granules that can be written alone.
module hlsq_feature_maps #(
    parameter int DEPTH = 1
) (
    input logic clk,
    input hlsq::write_t write,
    input logic [hlsq::BANKS-1:0][hlsq::ADDRESS_BITS-1:0] addresses,
    output logic [hlsq::BANKS-1:0][hlsq::WORD_BITS-1:0] words  // 2 cycles later
);
  localparam int DEPTH_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
  localparam int BITS = hlsq::GRANULE * hlsq::LANE_BITS;

  for (genvar b = 0; b < hlsq::BANKS; b++) begin : bank
    for (genvar g = 0; g < hlsq::GRANULES; g++) begin : granule
      hlsq_ram #(.DEPTH(DEPTH), .BITS(BITS)) ram (
          .clk,
          .write(write.granules[g] && write.bank == hlsq::bank_t'(b)),
          .write_address(write.address[DEPTH_BITS-1:0]),
          .written(write.lanes[g*BITS+:BITS]),
          .read_address(addresses[b][DEPTH_BITS-1:0]),
          .word(words[b][g*BITS+:BITS])
      );
    end
  end
endmodule
