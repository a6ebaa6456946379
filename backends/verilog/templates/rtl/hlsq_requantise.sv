// clamp(round(value * multiplier * 2^left / 2^right) + zero) of one value, 6 cycles later, 3 more for a multiplier and
// 1 more for a shift to the left.
module hlsq_requantise #(
    parameter int VALUE_BITS = 1,
    parameter int WIDE_BITS = 1,  // of the product, and of rounding
    parameter bit MULTIPLIES = 1'b0,
    parameter bit LEFT = 1'b0,
    parameter bit LEAKY = 1'b0
) (
    input logic clk,
    input logic signed [VALUE_BITS-1:0] value,
    input logic signed [16:0] multiplier,
    input hlsq::shift_t left,
    input hlsq::shift_t right,
    // Of the instruction.
    input hlsq::shift_t negative_shift,
    input logic half_up,
    input logic signed [WIDE_BITS-1:0] zero,
    input logic signed [VALUE_BITS-1:0] low,
    input logic signed [VALUE_BITS-1:0] high,
    output logic signed [VALUE_BITS-1:0] result
);
  localparam int PRODUCT = MULTIPLIES ? 3 : 0;
  localparam int BEFORE = PRODUCT + (LEFT ? 1 : 0);
  typedef logic signed [WIDE_BITS-1:0] wide_t;
  typedef hlsq::shift_t shift_t;

  wide_t product, raised;
  if (MULTIPLIES) begin : multiplied
    hlsq_multiplier #(.A_BITS(VALUE_BITS), .B_BITS(17), .BITS(WIDE_BITS)) by (
        .clk, .a(value), .b(multiplier), .product
    );
  end else begin : plain
    logic unused;
    assign unused = ^multiplier;
    assign product = wide_t'(value);
  end
  if (LEFT) begin : to_the_left
    shift_t by;
    hlsq_delay #(.BITS(hlsq::SHIFT_BITS), .CYCLES(PRODUCT)) beside (.clk, .in(left), .out(by));
    always_ff @(posedge clk) raised <= product <<< by;
  end else begin : no_left
    logic unused;
    assign unused = ^left;
    assign raised = product;
  end

  // The shift to the right, the largest part first.
  shift_t amount, amount_now;
  assign amount = LEAKY && value < 0 ? right + negative_shift : right;
  hlsq_delay #(.BITS(hlsq::SHIFT_BITS), .CYCLES(BEFORE)) beside (.clk, .in(amount), .out(amount_now));
  wide_t far, near, shifted;
  logic far_half, far_below, near_half, near_below, half, below;
  logic [3:0] lower;
  logic [1:0] lowest;
  always_ff @(posedge clk) begin
    lower <= amount_now[3:0];
    lowest <= lower[1:0];
  end
  hlsq_shift_stage #(.BITS(WIDE_BITS), .STEP(16)) by_16 (
      .clk, .amount(amount_now[5:4]), .value(raised), .half(1'b0), .below(1'b0),
      .shifted(far), .shifted_half(far_half), .shifted_below(far_below)
  );
  hlsq_shift_stage #(.BITS(WIDE_BITS), .STEP(4)) by_4 (
      .clk, .amount(lower[3:2]), .value(far), .half(far_half), .below(far_below),
      .shifted(near), .shifted_half(near_half), .shifted_below(near_below)
  );
  hlsq_shift_stage #(.BITS(WIDE_BITS), .STEP(1)) by_1 (
      .clk, .amount(lowest), .value(near), .half(near_half), .below(near_below),
      .shifted(shifted), .shifted_half(half), .shifted_below(below)
  );

  // Ties go upwards, or to the even integer.
  wide_t rounded, kept;
  logic up, too_low, too_high;
  assign up = half && (half_up || below || shifted[0]);
  always_ff @(posedge clk) begin
    rounded <= shifted + zero + wide_t'({1'b0, up});
    too_low <= rounded < wide_t'(low);
    too_high <= rounded > wide_t'(high);
    kept <= rounded;
    result <= too_low ? low : too_high ? high : VALUE_BITS'(kept);
  end
endmodule
