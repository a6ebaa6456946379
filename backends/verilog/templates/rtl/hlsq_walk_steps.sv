// The step of the pointers that belongs to a move, two cycles later.
module hlsq_walk_steps (
    input logic clk,
    input hlsq::instruction_t op,
    input hlsq::move_t move,
    output hlsq::step_t step
);

  hlsq::step_t chosen;
  always_ff @(posedge clk) begin
    chosen <= '0;
    chosen.moves <= move != hlsq::STAY;
    chosen.moves_pixel <= move == hlsq::GROUP || move == hlsq::LINE || move == hlsq::POSITION;
    case (move)
      hlsq::COLUMN: begin
        chosen.bank <= op.column_bank;
        chosen.address <= op.column_address;
      end
      hlsq::ROW: begin
        chosen.bank <= op.row_bank;
        chosen.address <= op.row_address;
      end
      hlsq::RESTART: begin
        chosen.bank <= op.restart_bank;
        chosen.address <= op.restart_address;
      end
      hlsq::GROUP: begin
        chosen.bank <= op.group_bank;
        chosen.address <= op.group_address;
        chosen.y <= op.group_y;
        chosen.x <= op.group_x;
      end
      hlsq::LINE: begin
        chosen.bank <= op.line_bank;
        chosen.address <= op.line_address;
        chosen.y <= op.line_y;
        chosen.x <= op.line_x;
      end
      default: begin
        chosen.bank <= op.position_bank;
        chosen.address <= op.position_address;
        chosen.x <= op.step_x;
      end
    endcase
  end

  always_ff @(posedge clk) begin
    step <= chosen;
    step.bank_over <= chosen.bank - hlsq::bank_t'(hlsq::BANKS);
    step.address_over <= chosen.address + op.pitch;
    step.x_over <= chosen.x - op.wrap_width;
    step.x_test <= chosen.x - op.wrap_x;
    step.y_over <= chosen.y + 1'b1;
  end
endmodule
