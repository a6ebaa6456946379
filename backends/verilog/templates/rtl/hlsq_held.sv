// Whole sums that wait for post-processing; those of further positions move up.
module hlsq_held #(
    parameter int POSITIONS = 1,
    parameter int SUMS = 1,
    parameter int LANES = 1,
    parameter int SUM_BITS = 1,
    parameter bit [hlsq::GRANULES:0] PARTS = '0
) (
    input logic clk,
    input logic take,
    input logic next_position,
    input hlsq::count_t granule,  // the first of those that are finished now
    input logic [POSITIONS-1:0][SUMS-1:0][SUM_BITS-1:0] sums,
    output logic [LANES-1:0][SUM_BITS-1:0] finished  // a cycle later
);
  logic [POSITIONS-1:0][SUMS-1:0][SUM_BITS-1:0] waiting;
  always_ff @(posedge clk) begin
    if (take) begin
      waiting <= sums;
    end else if (next_position) begin
      for (int p = 0; p < POSITIONS; p++) waiting[p] <= waiting[p+1<POSITIONS?p+1:p];
    end
  end

  hlsq_part #(.GIVEN(SUMS), .LANES(LANES), .BITS(SUM_BITS), .PARTS(PARTS)) sums_of_part (
      .clk, .from(granule), .values(waiting[0]), .part(finished)
  );
endmodule
