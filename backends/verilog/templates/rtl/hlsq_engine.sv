// An engine runs one instruction: an array of PEs that layers share in turn, and its post-processing.
//
// In every cycle each position is given a word of its own pixel, and all positions share a row of weights. When the
// sums of a group are whole they move aside, and post-processing finishes them, one position after the other, while the
// array computes the next group. Everything is a pipeline behind two sets of counters; numbers in comments are the
// cycles behind those of the loops.
module hlsq_engine #(
    parameter int NUMBER = 0,
    parameter int KIND = 0,
    parameter int STAGES = 1,
    parameter int TAPS = 1,
    parameter int OUTPUTS = 1,
    parameter int POSITIONS = 1,
    parameter int SPLITS = 0,
    parameter int SUMS = 1,
    parameter int TURNS = 1,
    parameter int LANES = 1,
    parameter bit [hlsq::GRANULES:0] PARTS = '0,  // sizes in granules of what is finished at a time
    parameter int TAP_BITS = 1,
    parameter int CODE_BITS = 1,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 1,
    parameter int PRODUCT_BITS = 1,
    parameter int SUM_BITS = 1,
    parameter int VALUE_BITS = 1,
    parameter int WIDE_BITS = 1,
    parameter int SLICES = 1,
    parameter int SLICE_BITS = 1,
    parameter int WEIGHT_ROWS = 1,
    parameter int ROWS = 1,
    parameter bit FORMS = 1'b0,
    parameter logic [1:0] ONLY_FORM = 2'd0,
    parameter bit MACS = 1'b1,
    parameter bit DEPTHWISE = 1'b0,
    parameter bit SINGLES = 1'b0,
    parameter bit MAXIMA = 1'b0,
    parameter bit ADDS = 1'b0,
    parameter bit FACTORS = 1'b0,
    parameter bit COMBINES = 1'b0,
    parameter bit PRODUCT_SHIFT = 1'b0,
    parameter bit SCALE = 1'b0,
    parameter int THRESHOLDS = 0,
    parameter bit MULTIPLIES = 1'b0,
    parameter bit LEFT = 1'b0,
    parameter bit LEAKY = 1'b0,
    parameter bit CHAINED = 1'b0,
    parameter bit ADD_WEIGHTS = 1'b0,
    parameter bit ADD_MULTIPLIES = 1'b0,
    parameter bit ADD_LEFT = 1'b0,
    parameter int FACTOR_CYCLES = 0,  // of stages, 0 for those that are not there
    parameter int COMBINE_CYCLES = 0,
    parameter int BIAS_CYCLES = 1,
    parameter int SCALE_CYCLES = 0,
    parameter int REQUANTISE_CYCLES = 1,
    parameter int FIRST_CYCLES = 1,
    parameter int CHAIN_CYCLES = 0,
    parameter int BIAS_BITS = 0,
    parameter int SCALE_BITS = 0,
    parameter int OFFSET_BITS = 0,
    parameter int MULTIPLIER_BITS = 0,
    parameter int LEFT_BITS = 0,
    parameter int RIGHT_BITS = 0,
    parameter int THRESHOLD_BITS = 1,
    parameter FILE = ""
) (
    input logic clk,
    input logic reset,
    input logic start,
    input hlsq::instruction_t op,
    input hlsq::number_t number,
    output logic [hlsq::READERS-1:0][hlsq::REQUEST_BITS-1:0] requests,  // of positions; the last is an operand's
    input logic [hlsq::READERS-1:0][hlsq::WORD-1:0][hlsq::LANE_BITS-1:0] words,  // 7 cycles behind them
    output hlsq::write_t write,
    output hlsq::output_write_t emitted,
    output logic done
);
  localparam int WORD = hlsq::WORD;
  localparam int LANE_BITS = hlsq::LANE_BITS;
  localparam int WORD_PARTS = WORD / TAPS < 1 ? 1 : WORD / TAPS;
  localparam int LEVELS = $clog2(TAPS);
  localparam int PRODUCT = 13 + STAGES;  // when products are there

  logic mine, lanewise;
  assign mine = hlsq::ENGINES == 1 || op.engine == hlsq::engine_t'(NUMBER);
  always_ff @(posedge clk) lanewise <= op.mode != hlsq::MAC;

  // 1: the loops. 4: groups for post-processing. 5: what is read.
  hlsq::tick_t tick;
  logic take, last_take;
  logic [POSITIONS-1:0] counts;
  logic [POSITIONS-1:0][hlsq::REQUEST_BITS-1:0] taps_requests;
  hlsq::request_t operand_request;
  hlsq::finish_t finish;
  hlsq_walk #(.POSITIONS(POSITIONS), .OUTPUTS(OUTPUTS), .SLICES(SLICES), .WORD_PARTS(WORD_PARTS)) walk (
      .clk, .reset, .start(start && mine), .op, .tick, .take, .last_take, .counts, .requests(taps_requests)
  );
  hlsq_finish_counters #(.POSITIONS(POSITIONS)) finishing (
      .clk, .reset, .start(start && mine), .op, .take, .last_take, .counts, .finish, .request(operand_request)
  );
  always_comb begin
    requests = '0;
    for (int p = 0; p < POSITIONS; p++) requests[p] = taps_requests[p];
    if (ADDS) requests[hlsq::READERS-1] = operand_request;
  end

  // 13: the taps of a step. Behind the lanes of one part of the adder tree come the first ones again.
  hlsq::count_t part;
  hlsq_delay #(.BITS(hlsq::COUNT_BITS), .CYCLES(11)) to_words (.clk, .in(tick.part), .out(part));
  logic [POSITIONS-1:0][STAGES-1:0][TAPS-1:0][TAP_BITS-1:0] taps;
  logic [POSITIONS-1:0][TAPS-1:0][LANE_BITS-1:0] lanes;
  for (genvar p = 0; p < POSITIONS; p++) begin : pixel
    for (genvar t = 0; t < TAPS; t++) begin : tap
      logic [LANE_BITS-1:0] chosen, kept;
      always_comb begin
        chosen = words[p][t%WORD];
        for (int s = 1; s <= SPLITS; s++)
          if (op.split == hlsq::count_t'(s)) chosen = words[p][t%(TAPS>>s)%WORD];
        for (int c = 1; c < WORD_PARTS; c++)
          if (part == hlsq::count_t'(c)) chosen = words[p][(c*TAPS+t)%WORD];
      end
      always_ff @(posedge clk) kept <= chosen;
      assign taps[p][0][t] = hlsq::LANE_SIGNED ? TAP_BITS'(signed'(kept)) : TAP_BITS'(kept);
      if (SINGLES) begin : lane
        hlsq_delay #(.BITS(LANE_BITS), .CYCLES(STAGES)) as_products (.clk, .in(kept), .out(lanes[p][t]));
      end else begin : no_lane
        assign lanes[p][t] = '0;
      end
    end
  end

  // 13: the weights of a step, whose row is fetched as late as possible.
  logic [STAGES-1:0][TAPS*OUTPUTS-1:0][OPERAND_BITS-1:0] operands;
  hlsq::count_t weight_bank, column;
  hlsq::row_t weight_address;
  hlsq_delay #(.BITS(2 * hlsq::COUNT_BITS + hlsq::ROW_BITS), .CYCLES(6)) to_weights (
      .clk, .in({tick.weight_bank, tick.column, tick.weight_address}), .out({weight_bank, column, weight_address})
  );
  hlsq_weights #(
      .KIND(KIND), .TAPS(TAPS), .OUTPUTS(OUTPUTS), .SLICES(SLICES), .SLICE_BITS(SLICE_BITS), .ROWS(WEIGHT_ROWS),
      .CODE_BITS(CODE_BITS), .EXPONENT_BITS(EXPONENT_BITS), .OPERAND_BITS(OPERAND_BITS), .DEPTHWISE(DEPTHWISE),
      .FORMS(FORMS), .ONLY_FORM(ONLY_FORM), .FILE({FILE, "_weights"})
  ) weights (.clk, .op, .bank(weight_bank), .address(weight_address), .column, .operands(operands[0]));
  always_ff @(posedge clk)
    for (int s = 1; s < STAGES; s++) begin
      for (int p = 0; p < POSITIONS; p++) taps[p][s] <= taps[p][s-1];
      operands[s] <= operands[s-1];
    end

  // What steps do when their values are there: lane by lane that is earlier, since no adder tree is on the way.
  logic early_adds, early_first, early_take, late_adds, late_first, late_take, adds, first, taken;
  hlsq_delay #(.BITS(3), .CYCLES(PRODUCT)) to_products (
      .clk, .in({tick.works, tick.first, tick.take}), .out({early_adds, early_first, early_take})
  );
  hlsq_delay #(.BITS(3), .CYCLES(LEVELS)) to_trees (
      .clk, .in({early_adds, early_first, early_take}), .out({late_adds, late_first, late_take})
  );
  assign {adds, first} = lanewise ? {early_adds, early_first} : {late_adds, late_first};
  always_ff @(posedge clk) taken <= lanewise ? early_take : late_take;

  hlsq::count_t turn;
  hlsq_delay #(.BITS(hlsq::COUNT_BITS), .CYCLES(PRODUCT + LEVELS)) turn_to_trees (.clk, .in(tick.turn), .out(turn));

  logic [POSITIONS-1:0][SUMS-1:0][SUM_BITS-1:0] sums;
  for (genvar p = 0; p < POSITIONS; p++) begin : position
    hlsq_position #(
        .KIND(KIND), .STAGES(STAGES), .TAPS(TAPS), .OUTPUTS(OUTPUTS), .SPLITS(SPLITS), .SUMS(SUMS), .TURNS(TURNS),
        .TAP_BITS(TAP_BITS), .CODE_BITS(CODE_BITS), .EXPONENT_BITS(EXPONENT_BITS), .OPERAND_BITS(OPERAND_BITS),
        .PRODUCT_BITS(PRODUCT_BITS), .SUM_BITS(SUM_BITS), .MACS(MACS), .DEPTHWISE(DEPTHWISE),
        .SINGLES(SINGLES), .MAXIMA(MAXIMA)
    ) array (.clk, .op, .taps(taps[p]), .operands, .lanes(lanes[p]), .adds, .first, .turn, .sums(sums[p]));
  end

  // The operand of an addition: those lanes of its word that are finished now.
  hlsq::count_t operand_granule;
  hlsq_delay #(.BITS(hlsq::COUNT_BITS), .CYCLES(7)) to_operand (.clk, .in(finish.granule), .out(operand_granule));
  logic [LANES-1:0][LANE_BITS-1:0] operand, operand_early, operand_late;
  if (ADDS) begin : addition
    hlsq_part #(.GIVEN(WORD), .LANES(LANES), .BITS(LANE_BITS), .PARTS(PARTS)) lanes_of_part (
        .clk, .from(operand_granule), .values(words[hlsq::READERS-1]), .part(operand)
    );
  end else begin : no_addition
    assign operand = '0;
  end
  hlsq_delay #(.BITS(LANES * LANE_BITS), .CYCLES(STAGES + 2)) to_lanes (.clk, .in(operand), .out(operand_early));
  hlsq_delay #(.BITS(LANES * LANE_BITS), .CYCLES(LEVELS)) to_sums (.clk, .in(operand_early), .out(operand_late));

  // PRODUCT + LEVELS + 2: post-processing.
  hlsq::finish_t finish_early, finish_late, ahead, now;
  hlsq_delay #(.BITS($bits(finish)), .CYCLES(PRODUCT - 4)) to_lanes_finish (.clk, .in(finish), .out(finish_early));
  hlsq_delay #(.BITS($bits(finish)), .CYCLES(LEVELS)) to_sums_finish (.clk, .in(finish_early), .out(finish_late));
  assign ahead = lanewise ? finish_early : finish_late;
  always_ff @(posedge clk) now <= ahead;

  logic [LANES-1:0][SUM_BITS-1:0] finished;
  hlsq_held #(.POSITIONS(POSITIONS), .SUMS(SUMS), .LANES(LANES), .SUM_BITS(SUM_BITS), .PARTS(PARTS)) held (
      .clk, .take(taken), .next_position(now.next_position), .granule(now.sum_granule), .sums, .finished
  );
  hlsq_finisher #(
      .LANES(LANES), .PARTS(PARTS), .SUM_BITS(SUM_BITS), .VALUE_BITS(VALUE_BITS), .WIDE_BITS(WIDE_BITS), .ROWS(ROWS),
      .ADDS(ADDS), .FACTORS(FACTORS), .COMBINES(COMBINES), .PRODUCT_SHIFT(PRODUCT_SHIFT), .SCALE(SCALE),
      .THRESHOLDS(THRESHOLDS), .MULTIPLIES(MULTIPLIES), .LEFT(LEFT), .LEAKY(LEAKY), .CHAINED(CHAINED),
      .ADD_WEIGHTS(ADD_WEIGHTS),
      .ADD_MULTIPLIES(ADD_MULTIPLIES), .ADD_LEFT(ADD_LEFT), .FACTOR_CYCLES(FACTOR_CYCLES),
      .COMBINE_CYCLES(COMBINE_CYCLES), .BIAS_CYCLES(BIAS_CYCLES), .SCALE_CYCLES(SCALE_CYCLES),
      .REQUANTISE_CYCLES(REQUANTISE_CYCLES), .FIRST_CYCLES(FIRST_CYCLES), .CHAIN_CYCLES(CHAIN_CYCLES),
      .BIAS_BITS(BIAS_BITS), .SCALE_BITS(SCALE_BITS),
      .OFFSET_BITS(OFFSET_BITS), .MULTIPLIER_BITS(MULTIPLIER_BITS), .LEFT_BITS(LEFT_BITS), .RIGHT_BITS(RIGHT_BITS),
      .THRESHOLD_BITS(THRESHOLD_BITS), .FILE(FILE)
  ) finisher (
      .clk, .op, .number, .early(ahead), .finish(now), .sums(finished),
      .operand(lanewise ? operand_early : operand_late), .write, .emitted, .done
  );
endmodule
