// What post-processing does in each cycle: values of one position after the other, while the array computes the next
// group; and where they are written.
module hlsq_finish_counters #(
    parameter int POSITIONS = 1
) (
    input logic clk,
    input logic reset,
    input logic start,
    input hlsq::instruction_t op,
    input logic take,  // the sums of a group are whole
    input logic last_take,  // of the instruction
    input logic [POSITIONS-1:0] counts,  // positions of the group that are the target's
    output hlsq::finish_t finish,  // 1 cycle later
    output hlsq::request_t request  // 1 cycle later: a word of the operand
);
  typedef hlsq::count_t count_t;
  typedef hlsq::address_t address_t;
  localparam int OPERANDS = hlsq::OPERANDS;

  // The pixel of the target that is next.
  typedef struct packed {
    hlsq::bank_t bank;
    address_t address;
    address_t emitted;
    hlsq::pixel_count_t pixel;
    hlsq::coordinate_t row;
    hlsq::coordinate_t column;
    logic [OPERANDS-1:0][hlsq::ADDRESS_BITS-1:0] operand;
  } target_t;

  typedef struct packed {
    logic busy;
    logic ends;  // the group is the instruction's last one
    count_t position;
    count_t part;
    count_t operand;
    count_t index;  // of the group of outputs
    count_t sum_granule;
    // Rows of constants, words and granules of the target: now, and of the first part of this group.
    hlsq::row_t row;
    hlsq::row_t first_row;
    count_t word;
    count_t first_word;
    count_t granule;
    count_t first_granule;
    target_t now;
    target_t first;  // of these positions
    logic [POSITIONS-1:0] valid;
  } state_t;

  state_t state, next;
  logic last_operand, last_part, last_position;
  target_t moved;

  assign last_operand = op.operands == '0 || state.operand == op.operands - 1'b1;
  assign last_part = state.part == op.finishes - 1'b1;
  assign last_position = state.position == count_t'(POSITIONS - 1);

  // The target's next pixel.
  always_comb begin
    moved = state.now;
    moved.bank = state.now.bank + 1'b1;
    moved.pixel = state.now.pixel + 1'b1;
    moved.emitted = state.now.emitted + op.emit_pitch;
    if (state.now.bank == hlsq::bank_t'(hlsq::BANKS - 1)) begin
      moved.bank = '0;
      moved.address = state.now.address + op.out_pitch;
      for (int k = 0; k < OPERANDS; k++) moved.operand[k] = state.now.operand[k] + op.operand_pitch[k];
    end
    if (state.now.column == op.out_width - 1'b1) begin
      moved.column = '0;
      moved.row = state.now.row + 1'b1;
    end else begin
      moved.column = state.now.column + 1'b1;
    end
  end

  // A step, and behind it a new group.
  always_comb begin
    next = state;
    if (state.busy && !last_operand) begin
      next.operand = state.operand + 1'b1;
    end else if (state.busy) begin
      next.operand = '0;
      next.row = state.row + 1'b1;
      next.sum_granule = state.sum_granule + op.part;
      next.granule = state.granule + op.part;
      if (next.granule >= count_t'(hlsq::GRANULES)) begin
        next.granule = '0;
        next.word = state.word + 1'b1;
      end
      next.part = state.part + 1'b1;
      if (last_part) begin
        next.part = '0;
        next.sum_granule = '0;
        if (state.valid[0]) next.now = moved;
        next.valid = state.valid >> 1;
        next.position = state.position + 1'b1;
        if (last_position) begin
          next.busy = 1'b0;
          next.index = state.index == op.groups_of_outputs - 1'b1 ? '0 : state.index + 1'b1;
          next.first_row = next.row;
          next.first_word = next.word;
          next.first_granule = next.granule;
        end else begin
          next.row = state.first_row;
          next.word = state.first_word;
          next.granule = state.first_granule;
        end
      end
    end
    if (take) begin
      next.busy = 1'b1;
      next.ends = last_take;
      next.valid = counts;
      next.position = '0;
      if (next.index == '0) begin
        next.first = next.now;  // the first outputs of new positions
        next.first_row = op.parameters;
        next.first_word = '0;
        next.first_granule = '0;
      end else begin
        next.now = next.first;  // further outputs of the same ones
      end
      next.row = next.first_row;
      next.word = next.first_word;
      next.granule = next.first_granule;
    end
  end

  always_ff @(posedge clk) begin
    state <= next;
    if (start) begin
      state <= '0;
      state.row <= op.parameters;
      state.first_row <= op.parameters;
      state.now.address <= op.out_address;
      state.now.emitted <= op.emit_address;
      state.now.operand <= op.operand_address;
    end
    if (reset) state.busy <= 1'b0;
  end

  always_ff @(posedge clk) begin
    finish.step <= state.busy;
    finish.first_operand <= state.operand == '0;
    finish.last_operand <= last_operand;
    finish.operand <= state.operand;
    finish.next_position <= state.busy && last_operand && last_part;
    // The last group of outputs may go beyond the channels.
    finish.writes <= state.busy && last_operand && state.valid[0] && state.word < op.target_words;
    finish.final_step <= state.busy && last_operand && last_part && last_position && state.ends;
    finish.sum_granule <= state.sum_granule;
    finish.row <= state.row;
    finish.factor_row <= op.factor + count_t'(state.now.row);
    finish.factor_column <= op.factor + count_t'(op.out_height) + count_t'(state.now.column);
    finish.bank <= state.now.bank;
    finish.address <= state.now.address + address_t'(state.word);
    finish.granule <= state.granule;
    finish.emitted <= state.now.emitted + address_t'(state.word);
    finish.pixel <= state.now.pixel;
    finish.word <= state.word;
    request <= '0;
    if (state.busy && op.operands != '0) begin
      request.enable <= 1'b1;
      request.memory <= op.operand_memory[state.operand];
      request.bank <= state.now.bank;
      request.address <= state.now.operand[state.operand] + address_t'(state.word);
    end
  end
endmodule
