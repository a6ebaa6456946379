// The sum of all leaves, and those of a half of them each, a quarter, ...: 2^s sums of 2^s parts, for s up to SPLITS.
// One level of adders a cycle; all sums leave together, $clog2(LEAVES) cycles behind the leaves.
module hlsq_adder_tree #(
    parameter int LEAVES = 2,
    parameter int SPLITS = 0,
    parameter int LEAF_BITS = 1,
    parameter int SUM_BITS = 1
) (
    input logic clk,
    input logic [LEAVES-1:0][LEAF_BITS-1:0] leaves,
    output logic [(2<<SPLITS)-2:0][SUM_BITS-1:0] sums  // those of 2^s parts begin at 2^s - 1
);
  localparam int LEVELS = $clog2(LEAVES);

  for (genvar l = 0; l <= LEVELS; l++) begin : level
    // As wide as sums of so many leaves get, and no wider than the whole sum.
    localparam int COUNT = (LEAVES + (1 << l) - 1) >> l;
    localparam int BITS = LEAF_BITS + l < SUM_BITS ? LEAF_BITS + l : SUM_BITS;
    logic [COUNT*BITS-1:0] parts;
    if (l == 0) begin : inputs
      for (genvar i = 0; i < COUNT; i++) begin : leaf
        assign parts[i*BITS+:BITS] = BITS'(signed'(leaves[i]));
      end
    end else begin : adders
      localparam int BELOW = (LEAVES + (1 << (l - 1)) - 1) >> (l - 1);
      localparam int FROM = LEAF_BITS + l - 1 < SUM_BITS ? LEAF_BITS + l - 1 : SUM_BITS;
      for (genvar i = 0; i < COUNT; i++) begin : adder
        logic signed [FROM-1:0] one, other;
        logic signed [BITS-1:0] sum;
        assign one = level[l-1].parts[2*i*FROM+:FROM];
        if (2 * i + 1 < BELOW) begin : pair
          assign other = level[l-1].parts[(2*i+1)*FROM+:FROM];
        end else begin : alone
          assign other = '0;
        end
        always_ff @(posedge clk) sum <= BITS'(one) + BITS'(other);
        assign parts[i*BITS+:BITS] = sum;
      end
    end
    if (LEVELS - l <= SPLITS) begin : tap
      localparam int SPLIT = LEVELS - l;
      logic [COUNT*BITS-1:0] later;
      hlsq_delay #(.BITS(COUNT * BITS), .CYCLES(SPLIT)) until_last (.clk, .in(parts), .out(later));
      for (genvar i = 0; i < COUNT; i++) begin : sum
        assign sums[(1<<SPLIT)-1+i] = SUM_BITS'(signed'(later[i*BITS+:BITS]));
      end
    end
  end
endmodule
