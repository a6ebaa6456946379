// Post-processing of an engine's sums, and what it writes.
module hlsq_finisher #(
    parameter int LANES = 1,
    parameter bit [hlsq::GRANULES:0] PARTS = '0,
    parameter int SUM_BITS = 1,
    parameter int VALUE_BITS = 1,
    parameter int WIDE_BITS = 1,
    parameter int ROWS = 1,  // of constants
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
    parameter int BIAS_BITS = 0,  // as stored; 0 where there are none
    parameter int SCALE_BITS = 0,
    parameter int OFFSET_BITS = 0,
    parameter int MULTIPLIER_BITS = 0,
    parameter int LEFT_BITS = 0,
    parameter int RIGHT_BITS = 0,
    parameter int THRESHOLD_BITS = 1,
    parameter FILE = ""
) (
    input logic clk,
    input hlsq::instruction_t op,
    input hlsq::number_t number,
    input hlsq::finish_t early,  // a cycle before `finish`
    input hlsq::finish_t finish,
    input logic [LANES-1:0][SUM_BITS-1:0] sums,  // a cycle behind `finish`
    input logic [LANES-1:0][hlsq::LANE_BITS-1:0] operand,  // in step with `finish`
    output hlsq::write_t write,
    output hlsq::output_write_t emitted,
    output logic done
);
  localparam int WORD = hlsq::WORD;
  localparam int GRANULE = hlsq::GRANULE;
  localparam int LEVELS = THRESHOLDS > 0 ? THRESHOLDS : 1;

  // Constants, in step with the sums.
  logic [LANES-1:0][VALUE_BITS-1:0] bias, offset;
  logic [LANES-1:0][31:0] scale;
  logic [LANES-1:0][16:0] multiplier;
  logic [LANES-1:0][hlsq::SHIFT_BITS-1:0] left, right;
  logic [LEVELS-1:0][LANES-1:0][WIDE_BITS-1:0] thresholds;
  hlsq_parameter #(
      .EXISTS(BIAS_BITS > 0), .ROWS(ROWS), .LANES(LANES), .STORED_BITS(BIAS_BITS > 0 ? BIAS_BITS : 1),
      .BITS(VALUE_BITS), .FILE({FILE, "_bias.hex"})
  ) biases (.clk, .row(early.row), .values(bias));
  hlsq_parameter #(
      .EXISTS(SCALE_BITS > 0), .NEUTRAL(1), .ROWS(ROWS), .LANES(LANES), .STORED_BITS(SCALE_BITS > 0 ? SCALE_BITS : 1),
      .BITS(32), .FILE({FILE, "_scale.hex"})
  ) scales (.clk, .row(early.row), .values(scale));
  hlsq_parameter #(
      .EXISTS(OFFSET_BITS > 0), .ROWS(ROWS), .LANES(LANES), .STORED_BITS(OFFSET_BITS > 0 ? OFFSET_BITS : 1),
      .BITS(VALUE_BITS), .FILE({FILE, "_offset.hex"})
  ) offsets (.clk, .row(early.row), .values(offset));
  hlsq_parameter #(
      .EXISTS(MULTIPLIER_BITS > 0), .NEUTRAL(1), .ROWS(ROWS), .LANES(LANES),
      .STORED_BITS(MULTIPLIER_BITS > 0 ? MULTIPLIER_BITS : 1), .BITS(17), .FILE({FILE, "_multiplier.hex"})
  ) multipliers (.clk, .row(early.row), .values(multiplier));
  hlsq_parameter #(
      .EXISTS(LEFT_BITS > 0), .ROWS(ROWS), .LANES(LANES), .STORED_BITS(LEFT_BITS > 0 ? LEFT_BITS : 1),
      .BITS(hlsq::SHIFT_BITS), .FILE({FILE, "_left.hex"})
  ) lefts (.clk, .row(early.row), .values(left));
  hlsq_parameter #(
      .EXISTS(RIGHT_BITS > 0), .ROWS(ROWS), .LANES(LANES), .STORED_BITS(RIGHT_BITS > 0 ? RIGHT_BITS : 1),
      .BITS(hlsq::SHIFT_BITS), .FILE({FILE, "_right.hex"})
  ) rights (.clk, .row(early.row), .values(right));
  for (genvar i = 0; i < LEVELS; i++) begin : threshold
    hlsq_parameter #(
        .EXISTS(THRESHOLDS > 0), .ROWS(ROWS), .LANES(LANES), .STORED_BITS(THRESHOLD_BITS), .BITS(WIDE_BITS),
        .FILE({FILE, "_threshold", 8'(48 + i / 10), 8'(48 + i % 10), ".hex"})
    ) level (.clk, .row(early.row), .values(thresholds[i]));
  end

  logic [LANES-1:0][LEVELS-1:0][WIDE_BITS-1:0] lane_thresholds;
  always_comb
    for (int l = 0; l < LANES; l++) for (int i = 0; i < LEVELS; i++) lane_thresholds[l][i] = thresholds[i][l];

  logic signed [17:0] factor_row, factor_column;
  if (FACTORS) begin : factors
    localparam int ADDRESS_BITS = hlsq::FACTORS > 1 ? $clog2(hlsq::FACTORS) : 1;
    logic [hlsq::FACTOR_BITS-1:0] row, column;
    hlsq_rom #(.DEPTH(hlsq::FACTORS), .BITS(hlsq::FACTOR_BITS), .FILE("image/factors.hex")) rows (
        .clk, .address(ADDRESS_BITS'(early.factor_row)), .word(row)
    );
    hlsq_rom #(.DEPTH(hlsq::FACTORS), .BITS(hlsq::FACTOR_BITS), .FILE("image/factors.hex")) columns (
        .clk, .address(ADDRESS_BITS'(early.factor_column)), .word(column)
    );
    assign factor_row = 18'(signed'(row));
    assign factor_column = 18'(signed'(column));
  end else begin : no_factors
    assign factor_row = '0;
    assign factor_column = '0;
  end

  hlsq::finish_t at_weighed, at_once, at_twice, at_write;
  hlsq_delay #(.BITS($bits(finish)), .CYCLES(3)) to_weighed (.clk, .in(finish), .out(at_weighed));
  hlsq_delay #(.BITS($bits(finish)), .CYCLES(FIRST_CYCLES - 2)) to_once (.clk, .in(at_weighed), .out(at_once));
  hlsq_delay #(.BITS($bits(finish)), .CYCLES(CHAIN_CYCLES)) to_twice (.clk, .in(at_once), .out(at_twice));
  hlsq_delay #(.BITS($bits(finish)), .CYCLES(2)) to_write (.clk, .in(at_twice), .out(at_write));

  logic [LANES-1:0][VALUE_BITS-1:0] once, twice;
  for (genvar l = 0; l < LANES; l++) begin : lane
    logic signed [VALUE_BITS-1:0] partial;
    if (ADDS) begin : operands
      logic signed [VALUE_BITS-1:0] value, weighed;
      logic signed [17:0] factor;
      assign value = hlsq::LANE_SIGNED ? VALUE_BITS'(signed'(operand[l])) : VALUE_BITS'(operand[l]);
      always_comb begin
        factor = signed'(op.add_weight[1]);
        for (int k = 1; k < hlsq::OPERANDS; k++)
          if (finish.operand == hlsq::count_t'(k)) factor = signed'(op.add_weight[k+1]);
      end
      hlsq_weigh #(.MULTIPLIES(ADD_WEIGHTS), .BITS(VALUE_BITS)) weigh (.clk, .value, .factor, .weighed);
      always_ff @(posedge clk) partial <= (at_weighed.first_operand ? '0 : partial) + weighed;
    end else begin : no_operands
      assign partial = '0;
    end
    hlsq_post_lane #(
        .SUM_BITS(SUM_BITS), .VALUE_BITS(VALUE_BITS), .WIDE_BITS(WIDE_BITS), .FACTORS(FACTORS), .COMBINES(COMBINES),
        .PRODUCT_SHIFT(PRODUCT_SHIFT), .SCALE(SCALE), .THRESHOLDS(THRESHOLDS), .MULTIPLIES(MULTIPLIES), .LEFT(LEFT),
        .LEAKY(LEAKY), .CHAINED(CHAINED), .ADD_WEIGHTS(ADD_WEIGHTS), .ADD_MULTIPLIES(ADD_MULTIPLIES),
        .ADD_LEFT(ADD_LEFT), .FACTOR_CYCLES(FACTOR_CYCLES), .COMBINE_CYCLES(COMBINE_CYCLES), .BIAS_CYCLES(BIAS_CYCLES),
        .SCALE_CYCLES(SCALE_CYCLES), .REQUANTISE_CYCLES(REQUANTISE_CYCLES), .FIRST_CYCLES(FIRST_CYCLES),
        .CHAIN_CYCLES(CHAIN_CYCLES)
    ) post (
        .clk, .op, .sum(signed'(sums[l])), .factor_row, .factor_column, .partial, .offset(signed'(offset[l])),
        .scale(signed'(scale[l])), .thresholds(lane_thresholds[l]), .bias(signed'(bias[l])),
        .multiplier(signed'(multiplier[l])), .left(left[l]), .right(right[l]), .once(once[l]), .twice(twice[l])
    );
  end

  // Into a feature map, and among the outputs.
  logic [hlsq::GRANULES-1:0] granules;
  logic [WORD-1:0][VALUE_BITS-1:0] lanes;
  hlsq_writer #(.LANES(LANES), .BITS(VALUE_BITS), .PARTS(PARTS)) writer (
      .clk, .writes(at_twice.writes), .from(at_twice.granule), .count(op.part), .values(twice), .granules, .lanes
  );
  always_comb begin
    write.memory = op.out_memory;
    write.bank = at_write.bank;
    write.address = at_write.address;
    write.granules = op.stores ? granules : '0;
    emitted.address = at_write.emitted;
    emitted.granules = op.emits ? granules : '0;
    for (int l = 0; l < WORD; l++) begin
      write.lanes[l*hlsq::LANE_BITS+:hlsq::LANE_BITS] = hlsq::LANE_BITS'(lanes[l]);
      emitted.lanes[l*hlsq::OUTPUT_BITS+:hlsq::OUTPUT_BITS] =
          hlsq::OUTPUT_BITS'(signed'(lanes[l]));
    end
    done = at_write.final_step;
  end

  hlsq_observer #(.STAGE(0), .LANES(LANES), .BITS(VALUE_BITS)) first_values (
      .clk, .valid(at_once.writes), .number, .pixel(at_once.pixel),
      .lane(int'(at_once.word) * WORD + int'(at_once.granule) * GRANULE), .count(op.part_lanes), .integers(once)
  );
  if (CHAINED) begin : chain
    hlsq_observer #(.STAGE(1), .LANES(LANES), .BITS(VALUE_BITS)) second_values (
        .clk, .valid(at_twice.writes), .number, .pixel(at_twice.pixel),
        .lane(int'(at_twice.word) * WORD + int'(at_twice.granule) * GRANULE), .count(op.part_lanes), .integers(twice)
    );
  end
endmodule
