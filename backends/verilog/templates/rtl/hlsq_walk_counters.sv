// The loops of one instruction: which tap of which group of outputs each cycle computes.
//
// A cycle behind the counters comes `tick`, what everything behind them does in it.
module hlsq_walk_counters #(
    parameter int POSITIONS = 1,
    parameter int OUTPUTS = 1,
    parameter int SLICES = 1,
    parameter int WORD_PARTS = 1
) (
    input logic clk,
    input logic reset,
    input logic start,
    input hlsq::instruction_t op,
    output hlsq::tick_t tick
);
  typedef hlsq::count_t count_t;

  logic placing, computes, ended;
  count_t index, cycle, chunk, part, kernel_x, kernel_y, output_group, filter, group, line, column, turn, weight_bank;
  hlsq::address_t word;
  hlsq::row_t weight_address;
  hlsq::coordinate_t tap_x, tap_y;

  // Last values of the counters; the instruction stands still long before it starts.
  count_t last_chunk, last_x, last_y, last_output, last_filter, last_group, last_line, last_cycle;
  count_t first_work, after_work;
  always_ff @(posedge clk) begin
    last_chunk <= op.chunks - 1'b1;
    last_x <= op.kernel_x - 1'b1;
    last_y <= op.kernel_y - 1'b1;
    last_output <= op.outputs - 1'b1;
    last_filter <= op.filters - 1'b1;
    last_group <= op.groups - 1'b1;
    last_line <= op.rows - 1'b1;
    last_cycle <= op.period - 1'b1;
    first_work <= op.wait_cycles;
    after_work <= op.wait_cycles + op.steps;
  end

  logic works, chunk_end, x_end, y_end, more_outputs, more_filters, same_line, group_end, period_end, all_end;
  assign works = computes && cycle >= first_work && cycle < after_work;
  assign chunk_end = chunk == last_chunk;
  assign x_end = kernel_x == last_x;
  assign y_end = kernel_y == last_y;
  assign more_outputs = output_group != last_output;
  assign more_filters = filter != last_filter;
  assign same_line = group != last_group;
  assign group_end = works && chunk_end && x_end && y_end;
  assign all_end = group_end && !more_outputs && !more_filters && !same_line && line == last_line;
  assign period_end = computes && cycle == last_cycle;

  hlsq::move_t move;
  always_comb begin
    move = hlsq::STAY;
    if (placing) move = hlsq::POSITION;
    else if (works && chunk_end) begin
      if (!x_end) move = hlsq::COLUMN;
      else if (!y_end) move = hlsq::ROW;
      else if (more_outputs || more_filters) move = hlsq::RESTART;
      else move = same_line ? hlsq::GROUP : hlsq::LINE;
    end
  end

  // The state of the loops.
  always_ff @(posedge clk) begin
    if (reset) begin
      placing <= 1'b0;
      computes <= 1'b0;
    end else if (start) begin
      placing <= 1'b1;
      computes <= 1'b0;
    end else if (placing && index == count_t'(POSITIONS - 1)) begin
      placing <= 1'b0;
      computes <= 1'b1;
    end else if (period_end && (ended || all_end)) begin
      computes <= 1'b0;
    end
    if (start) index <= '0;
    else if (placing) index <= index + 1'b1;
    if (start || period_end) cycle <= '0;
    else if (computes) cycle <= cycle + 1'b1;
    if (start) ended <= 1'b0;
    else if (all_end) ended <= 1'b1;
  end

  // Taps of a group.
  always_ff @(posedge clk) begin
    if (start || (works && chunk_end)) begin
      chunk <= '0;
      part <= '0;
      word <= '0;
    end else if (works) begin
      chunk <= chunk + 1'b1;
      part <= part == count_t'(WORD_PARTS - 1) ? '0 : part + 1'b1;
      if (part == count_t'(WORD_PARTS - 1)) word <= word + 1'b1;
    end
    if (start) begin
      kernel_x <= '0;
      tap_x <= '0;
      kernel_y <= '0;
      tap_y <= '0;
    end else if (works && chunk_end) begin
      kernel_x <= x_end ? '0 : kernel_x + 1'b1;
      tap_x <= x_end ? '0 : tap_x + op.dilation_x;
      if (x_end) begin
        kernel_y <= y_end ? '0 : kernel_y + 1'b1;
        tap_y <= y_end ? '0 : tap_y + op.dilation_y;
      end
    end
  end

  // Groups of outputs, and of positions.
  always_ff @(posedge clk) begin
    if (start) begin
      output_group <= '0;
      turn <= '0;
      filter <= '0;
      group <= '0;
      line <= '0;
    end else if (group_end) begin
      output_group <= more_outputs ? output_group + 1'b1 : '0;
      turn <= turn != op.last_turn ? turn + 1'b1 : '0;
      if (!more_outputs) begin
        filter <= more_filters ? filter + 1'b1 : '0;
        if (!more_filters) begin
          group <= same_line ? group + 1'b1 : '0;
          if (!same_line) line <= line + 1'b1;
        end
      end
    end
  end

  // Rows of weights: one a step, or, lane by lane, one for as many steps as the array has outputs.
  logic next_row;
  count_t next_bank;
  assign next_row = op.mode == hlsq::MAC || (op.mode == hlsq::LANES && column == count_t'(OUTPUTS - 1));
  assign next_bank = weight_bank + op.weight_slices;
  always_ff @(posedge clk) begin
    if (start || (group_end && !more_outputs && !more_filters)) begin
      weight_bank <= op.weight_bank;
      weight_address <= op.weight_address;
      column <= '0;
    end else if (works) begin
      if (next_row) begin
        weight_bank <= next_bank >= count_t'(SLICES) ? next_bank - count_t'(SLICES) : next_bank;
        if (next_bank >= count_t'(SLICES)) weight_address <= weight_address + 1'b1;
      end
      column <= column == count_t'(OUTPUTS - 1) ? '0 : column + 1'b1;
    end
  end

  always_ff @(posedge clk) begin
    tick.place <= placing;
    tick.index <= index;
    tick.works <= works;
    tick.first <= chunk == '0 && kernel_x == '0 && kernel_y == '0;
    tick.last <= group_end;
    tick.take <= period_end;
    tick.last_take <= period_end && (ended || all_end);
    tick.move <= move;
    tick.word <= op.mode == hlsq::MAC ? word : hlsq::address_t'(output_group);
    tick.part <= part;
    tick.tap_y <= tap_y;
    tick.tap_x <= tap_x;
    tick.weight_bank <= weight_bank;
    tick.weight_address <= weight_address;
    tick.column <= column;
    tick.turn <= turn;
  end
endmodule
