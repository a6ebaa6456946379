// The values from granule `from` on, of which the first is in front; `from` is a whole number of parts.
module hlsq_part #(
    parameter int GIVEN = 1,
    parameter int LANES = 1,
    parameter int BITS = 1,
    parameter bit [hlsq::GRANULES:0] PARTS = '0  // sizes in granules that there are
) (
    input logic clk,
    input hlsq::count_t from,
    input logic [GIVEN-1:0][BITS-1:0] values,
    output logic [LANES-1:0][BITS-1:0] part  // a cycle later
);
  localparam int GRANULE = hlsq::GRANULE;

  // Whether a part that begins there has a value at place l.
  function automatic bit reached(input int granule, input int l);
    reached = 1'b0;
    for (int p = 1; p <= hlsq::GRANULES; p++)
      if (PARTS[p] && granule % p == 0 && l < p * GRANULE && granule * GRANULE + l < GIVEN) reached = 1'b1;
  endfunction

  for (genvar l = 0; l < LANES; l++) begin : lane
    logic [BITS-1:0] chosen;
    always_comb begin
      chosen = '0;
      for (int g = 0; g < GIVEN / GRANULE; g++)
        if (reached(g, l) && from == hlsq::count_t'(g)) chosen = values[(g*GRANULE+l)%GIVEN];
    end
    always_ff @(posedge clk) part[l] <= chosen;
  end
endmodule
