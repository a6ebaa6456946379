// Finished values to their granules of a word, two cycles later. A word is filled part by part, so which value a
// granule takes is told by the size of the parts alone.
module hlsq_writer #(
    parameter int LANES = 1,
    parameter int BITS = 1,
    parameter bit [hlsq::GRANULES:0] PARTS = '0  // sizes in granules that there are
) (
    input logic clk,
    input logic writes,
    input hlsq::count_t from,  // the first granule
    input hlsq::count_t count,  // of granules
    input logic [LANES-1:0][BITS-1:0] values,
    output logic [hlsq::GRANULES-1:0] granules,
    output logic [hlsq::WORD-1:0][BITS-1:0] lanes
);
  localparam int GRANULES = hlsq::GRANULES;
  localparam int GRANULE = hlsq::GRANULE;
  typedef hlsq::count_t count_t;

  for (genvar g = 0; g < GRANULES; g++) begin : granule
    logic written;
    logic [GRANULE*BITS-1:0] chosen, kept;
    always_comb begin
      chosen = '0;
      for (int p = 1; p <= LANES / GRANULE; p++)
        if (PARTS[p] && count == count_t'(p)) chosen = values[g%p*GRANULE+:GRANULE];
    end
    always_ff @(posedge clk) begin
      written <= writes && count_t'(g) >= from && count_t'(g) < from + count;
      kept <= chosen;
      granules[g] <= written;
      lanes[g*GRANULE+:GRANULE] <= kept;
    end
  end
endmodule
