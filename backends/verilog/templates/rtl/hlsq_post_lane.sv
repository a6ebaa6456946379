// Post-processing of one value: factor of a border, addition of other maps, bias, scale, requantisation or thresholds;
// behind that a residual's addition with a requantisation of its own. What no layer needs takes neither hardware nor
// time: parameters say which stages there are, and the cycles of each.
module hlsq_post_lane #(
    parameter int SUM_BITS = 1,
    parameter int VALUE_BITS = 1,
    parameter int WIDE_BITS = 1,
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
    localparam int LEVELS = THRESHOLDS > 0 ? THRESHOLDS : 1
) (
    input logic clk,
    input hlsq::instruction_t op,
    input logic signed [SUM_BITS-1:0] sum,
    input logic signed [17:0] factor_row,
    input logic signed [17:0] factor_column,
    input logic signed [VALUE_BITS-1:0] partial,  // other maps' values with their factors, 3 cycles behind the sum
    input logic signed [VALUE_BITS-1:0] offset,
    input logic signed [31:0] scale,
    input logic [LEVELS-1:0][WIDE_BITS-1:0] thresholds,
    input logic signed [VALUE_BITS-1:0] bias,
    input logic signed [16:0] multiplier,
    input hlsq::shift_t left,
    input hlsq::shift_t right,
    output logic signed [VALUE_BITS-1:0] once,  // FIRST_CYCLES behind the sum
    output logic signed [VALUE_BITS-1:0] twice  // CHAIN_CYCLES behind that
);
  /* verilator no_inline_module */  // C++ once for all of them
  typedef logic signed [VALUE_BITS-1:0] value_t;
  localparam int BEFORE_BIAS = FACTOR_CYCLES + COMBINE_CYCLES;
  localparam int BEFORE_SCALE = BEFORE_BIAS + BIAS_CYCLES;
  localparam int BEFORE_LAST = BEFORE_SCALE + SCALE_CYCLES;

  // Factors of rows and columns, for windows that overhang the map.
  value_t factored;
  if (FACTORS) begin : factors
    value_t product, product_free, sum_now;
    logic signed [17:0] factor;
    always_ff @(posedge clk) begin
      factor <= factor_row * factor_column;
      sum_now <= value_t'(sum);
      product <= sum_now * value_t'(factor);
      product_free <= sum_now;
      factored <= op.factor != '0 ? product : product_free;
    end
  end else begin : no_factors
    assign factored = value_t'(sum);
  end

  // Other maps are added first, where the sum is a map itself.
  value_t combined;
  if (COMBINES) begin : combination
    value_t weighed, own, partial_now;
    hlsq_weigh #(.MULTIPLIES(ADD_WEIGHTS), .BITS(VALUE_BITS)) weigh (
        .clk, .value(factored), .factor(op.add_weight[0]), .weighed
    );
    hlsq_delay #(.BITS(VALUE_BITS), .CYCLES(3)) as_it_is (.clk, .in(factored), .out(own));
    hlsq_delay #(.BITS(VALUE_BITS), .CYCLES(FACTOR_CYCLES)) beside (.clk, .in(partial), .out(partial_now));
    always_ff @(posedge clk) combined <= op.operands != '0 && !op.adds ? weighed + partial_now : own;
  end else begin : no_combination
    assign combined = factored;
  end

  // Bias.
  value_t shifted, biased, bias_now;
  hlsq_delay #(.BITS(VALUE_BITS), .CYCLES(BEFORE_BIAS + BIAS_CYCLES - 1)) beside_bias (.clk, .in(bias), .out(bias_now));
  if (PRODUCT_SHIFT) begin : product_shift
    always_ff @(posedge clk) shifted <= combined <<< op.product_shift;
  end else begin : no_product_shift
    assign shifted = combined;
  end
  always_ff @(posedge clk) biased <= shifted + bias_now;

  // Scale of a channel.
  value_t scaled;
  if (SCALE) begin : scaling
    value_t product, raised, offset_now;
    logic signed [31:0] scale_now;
    hlsq_delay #(.BITS(32), .CYCLES(BEFORE_SCALE)) beside (.clk, .in(scale), .out(scale_now));
    hlsq_multiplier #(.A_BITS(VALUE_BITS), .B_BITS(32), .BITS(VALUE_BITS)) by (
        .clk, .a(biased), .b(scale_now), .product
    );
    hlsq_delay #(.BITS(VALUE_BITS), .CYCLES(BEFORE_SCALE + 4)) later (.clk, .in(offset), .out(offset_now));
    always_ff @(posedge clk) begin
      raised <= product <<< op.scale_shift;
      scaled <= raised + offset_now;
    end
  end else begin : no_scaling
    assign scaled = biased;
  end

  // Requantisation by a multiplier and shifts.
  value_t dyadic, plain;
  logic signed [16:0] multiplier_now;
  hlsq::shift_t left_now, right_now;
  hlsq_delay #(.BITS(17 + 2 * hlsq::SHIFT_BITS), .CYCLES(BEFORE_LAST)) beside_amounts (
      .clk, .in({multiplier, left, right}), .out({multiplier_now, left_now, right_now})
  );
  hlsq_requantise #(
      .VALUE_BITS(VALUE_BITS), .WIDE_BITS(WIDE_BITS), .MULTIPLIES(MULTIPLIES), .LEFT(LEFT), .LEAKY(LEAKY)
  ) requantise (
      .clk, .value(scaled), .multiplier(multiplier_now), .left(left_now), .right(right_now),
      .negative_shift(op.negative_shift), .half_up(op.half_up), .zero(WIDE_BITS'(op.zero)), .low(value_t'(op.low)),
      .high(value_t'(op.high)), .result(dyadic)
  );
  hlsq_delay #(.BITS(VALUE_BITS), .CYCLES(REQUANTISE_CYCLES)) as_it_is (.clk, .in(scaled), .out(plain));

  // Or by thresholds: the level of the last one that is reached.
  if (THRESHOLDS > 0) begin : levels
    logic [LEVELS-1:0][WIDE_BITS-1:0] thresholds_now;
    logic [LEVELS-1:0] reached, reached_later;
    value_t level;
    hlsq_delay #(.BITS(LEVELS * WIDE_BITS), .CYCLES(BEFORE_LAST)) beside (
        .clk, .in(thresholds), .out(thresholds_now)
    );
    for (genvar i = 0; i < LEVELS; i++) begin : threshold
      logic signed [WIDE_BITS-1:0] own;
      assign own = thresholds_now[i];
      always_ff @(posedge clk) reached[i] <= hlsq::count_t'(i) < op.thresholds && WIDE_BITS'(scaled) >= own;
    end
    hlsq_delay #(.BITS(LEVELS), .CYCLES(REQUANTISE_CYCLES - 1)) as_long (.clk, .in(reached), .out(reached_later));
    always_comb begin
      level = value_t'(signed'(op.level[0]));
      for (int i = 0; i < LEVELS; i++) if (reached_later[i]) level = value_t'(signed'(op.level[i+1]));
    end
    always_ff @(posedge clk) once <= op.thresholds != '0 ? level : op.plain ? plain : dyadic;
  end else begin : no_levels
    always_ff @(posedge clk) once <= op.plain ? plain : dyadic;
  end

  // The residual's addition.
  if (CHAINED) begin : chain
    localparam int BEFORE = FIRST_CYCLES;
    value_t weighed, partial_now, bias_added, added, dyadic_sum, plain_sum, once_later;
    hlsq_weigh #(.MULTIPLIES(ADD_WEIGHTS), .BITS(VALUE_BITS)) weigh (
        .clk, .value(once), .factor(op.add_weight[0]), .weighed
    );
    hlsq_delay #(.BITS(VALUE_BITS), .CYCLES(BEFORE)) beside (.clk, .in(partial), .out(partial_now));
    always_ff @(posedge clk) begin
      bias_added <= weighed + (op.operands != '0 ? partial_now : '0);
      added <= bias_added + value_t'(op.add_bias);
    end
    hlsq_requantise #(
        .VALUE_BITS(VALUE_BITS), .WIDE_BITS(WIDE_BITS), .MULTIPLIES(ADD_MULTIPLIES), .LEFT(ADD_LEFT), .LEAKY(LEAKY)
    ) requantise_sum (
        .clk, .value(added), .multiplier(op.add_multiplier), .left(op.add_left), .right(op.add_right),
        .negative_shift(op.add_negative_shift), .half_up(op.add_half_up), .zero(WIDE_BITS'(op.add_zero)),
        .low(value_t'(op.add_low)), .high(value_t'(op.add_high)), .result(dyadic_sum)
    );
    hlsq_delay #(.BITS(VALUE_BITS), .CYCLES(CHAIN_CYCLES - 6)) sum_as_it_is (.clk, .in(added), .out(plain_sum));
    hlsq_delay #(.BITS(VALUE_BITS), .CYCLES(CHAIN_CYCLES - 1)) no_sum (.clk, .in(once), .out(once_later));
    always_ff @(posedge clk) twice <= !op.adds ? once_later : op.add_plain ? plain_sum : dyadic_sum;
  end else begin : no_chain
    assign twice = once;
  end
endmodule
