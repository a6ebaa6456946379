// The PEs of one position with their adder trees and accumulators.
//
// Taps come with the weights; sums are whole STAGES + $clog2(TAPS) + 2 cycles behind those of the last step, or, lane
// by lane, $clog2(TAPS) cycles earlier.
module hlsq_position #(
    parameter int KIND = 0,
    parameter int STAGES = 1,
    parameter int TAPS = 1,
    parameter int OUTPUTS = 1,
    parameter int SPLITS = 0,  // log2 of the most parts of an adder tree
    parameter int SUMS = 1,
    parameter int TURNS = 1,  // parts of a group of outputs, each in accumulators of its own
    parameter int TAP_BITS = 1,
    parameter int CODE_BITS = 1,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 1,
    parameter int PRODUCT_BITS = 1,
    parameter int SUM_BITS = 1,
    parameter bit MACS = 1'b1,
    parameter bit DEPTHWISE = 1'b0,
    parameter bit SINGLES = 1'b0,
    parameter bit MAXIMA = 1'b0
) (
    input logic clk,
    input hlsq::instruction_t op,
    input logic [STAGES-1:0][TAPS-1:0][TAP_BITS-1:0] taps,
    input logic [STAGES-1:0][TAPS*OUTPUTS-1:0][OPERAND_BITS-1:0] operands,
    input logic [TAPS-1:0][hlsq::LANE_BITS-1:0] lanes,  // in step with the products
    input logic adds,  // the selected values
    input logic first,
    input hlsq::count_t turn,
    output logic [SUMS-1:0][SUM_BITS-1:0] sums
);
  /* verilator no_inline_module */  // C++ once for all of them
  localparam int COUNT = (2 << SPLITS) - 1;

  // What a PE gets at each of its stages.
  logic [TAPS-1:0][STAGES-1:0][TAP_BITS-1:0] tap_stages;
  logic [TAPS*OUTPUTS-1:0][STAGES-1:0][OPERAND_BITS-1:0] operand_stages;
  always_comb begin
    for (int s = 0; s < STAGES; s++) begin
      for (int t = 0; t < TAPS; t++) tap_stages[t][s] = taps[s][t];
      for (int i = 0; i < TAPS * OUTPUTS; i++) operand_stages[i][s] = operands[s][i];
    end
  end

  logic [OUTPUTS-1:0][TAPS-1:0][PRODUCT_BITS-1:0] products;
  logic [OUTPUTS-1:0][COUNT-1:0][SUM_BITS-1:0] trees;
  for (genvar o = 0; o < OUTPUTS; o++) begin : out
    for (genvar t = 0; t < TAPS; t++) begin : tap
      if (MACS || (DEPTHWISE && o == 0)) begin : used
        hlsq_pe #(
            .KIND(KIND), .STAGES(STAGES), .TAP_BITS(TAP_BITS), .CODE_BITS(CODE_BITS), .EXPONENT_BITS(EXPONENT_BITS),
            .OPERAND_BITS(OPERAND_BITS), .PRODUCT_BITS(PRODUCT_BITS)
        ) pe (.clk, .tap(tap_stages[t]), .operand(operand_stages[t*OUTPUTS+o]), .product(products[o][t]));
      end else begin : idle
        assign products[o][t] = '0;
      end
    end
    hlsq_adder_tree #(.LEAVES(TAPS), .SPLITS(SPLITS), .LEAF_BITS(PRODUCT_BITS), .SUM_BITS(SUM_BITS)) tree (
        .clk, .leaves(products[o]), .sums(trees[o])
    );
  end

  for (genvar i = 0; i < SUMS; i++) begin : sum
    // The adder tree where it has 2^split parts left, for the accumulators of this turn; lane by lane, a product or the
    // tap itself.
    logic signed [SUM_BITS-1:0] tapped, selected;
    logic own_turn;
    always_comb begin
      tapped = trees[i%OUTPUTS][0];
      own_turn = turn == hlsq::count_t'(i / OUTPUTS);
      for (int s = 1; s <= SPLITS; s++)
        if (op.split == hlsq::count_t'(s)) begin
          tapped = trees[i%OUTPUTS][(1<<s)-1+(i/OUTPUTS)%(1<<s)];
          own_turn = turn == hlsq::count_t'(i / (OUTPUTS << s));
        end
      if (TURNS == 1 || op.last_turn == '0) own_turn = 1'b1;
    end
    if (SINGLES && i < TAPS) begin : lane
      always_ff @(posedge clk) begin
        if (op.mode == hlsq::MAC) selected <= tapped;
        else if (DEPTHWISE && op.mode == hlsq::LANES) selected <= SUM_BITS'(signed'(products[0][i]));
        else selected <= hlsq::LANE_SIGNED ? SUM_BITS'(signed'(lanes[i])) : SUM_BITS'(lanes[i]);
      end
    end else begin : tree
      always_ff @(posedge clk) selected <= tapped;
    end
    hlsq_accumulator #(.BITS(SUM_BITS), .MAXIMA(MAXIMA)) accumulator (
        .clk, .adds(adds && own_turn), .first, .largest(op.mode == hlsq::MAX), .start(SUM_BITS'(op.start)),
        .value(selected), .sum(sums[i])
    );
  end
endmodule
