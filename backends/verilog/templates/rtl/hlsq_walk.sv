// Pointers of all positions, and what they read: the request of a tick comes 5 cycles behind the counters.
module hlsq_walk #(
    parameter int POSITIONS = 1,
    parameter int OUTPUTS = 1,
    parameter int SLICES = 1,
    parameter int WORD_PARTS = 1
) (
    input logic clk,
    input logic reset,
    input logic start,
    input hlsq::instruction_t op,
    output hlsq::tick_t tick,  // 1 cycle behind the counters
    output logic take,  // 4 cycles
    output logic last_take,  // 4 cycles
    output logic [POSITIONS-1:0] counts,  // 4 cycles: the positions of the group that are the target's
    output logic [POSITIONS-1:0][hlsq::REQUEST_BITS-1:0] requests  // 5 cycles
);

  hlsq::step_t step;
  hlsq_walk_counters #(
      .POSITIONS(POSITIONS), .OUTPUTS(OUTPUTS), .SLICES(SLICES), .WORD_PARTS(WORD_PARTS)
  ) counters (.clk, .reset, .start, .op, .tick);
  hlsq_walk_steps steps (.clk, .op, .move(tick.move), .step);

  // In step with `step`, and a cycle later.
  hlsq::tick_t at, behind;
  hlsq_delay #(.BITS($bits(tick)), .CYCLES(2)) to_pointers (.clk, .in(tick), .out(at));
  always_ff @(posedge clk) behind <= at;
  assign take = behind.take;
  assign last_take = behind.last_take;

  // The next position that is placed; each begins a step behind the one before.
  hlsq::pixel_t first, placed;
  assign first = {op.start_bank, op.start_address, op.top, op.left};
  hlsq_position_pointer placer (.clk, .load(start), .given(first), .step, .pixel(placed));

  logic [POSITIONS-1:0] counts_now, counts_kept;
  assign counts = behind.last ? counts_now : counts_kept;
  always_ff @(posedge clk) counts_kept <= counts;

  for (genvar p = 0; p < POSITIONS; p++) begin : position
    hlsq::pixel_t pixel;
    hlsq::step_t own;
    always_comb begin
      own = step;
      own.moves = step.moves && !at.place;
      own.moves_pixel = step.moves_pixel && !at.place;
    end
    hlsq_position_pointer pointer (
        .clk, .load(at.place && at.index == hlsq::count_t'(p)), .given(placed), .step(own), .pixel
    );

    hlsq::coordinate_t row, column;
    hlsq::request_t request;
    always_ff @(posedge clk) begin
      counts_now[p] <= pixel.y < op.limit_y && pixel.x < op.limit_x;
      row <= pixel.y + at.tap_y;
      column <= pixel.x + at.tap_x;
      request <= {at.works, op.memory, pixel.bank, pixel.address + at.word};
    end
    // Positions outside of the map read nothing.
    logic inside_map;
    assign inside_map = row >= 0 && row < op.height && column >= 0 && column < op.width;
    always_ff @(posedge clk) requests[p] <= request.enable && inside_map ? request : '0;
  end
endmodule
