// From an input stream into a feature map, word by word.
module hlsq_loader #(
    parameter int VALUES = 1,  // in a transfer
    parameter int PORT_BITS = 8,  // of one of them
    parameter bit VALUE_SIGNED = 1'b1,
    parameter int PORT = 0
) (
    input logic clk,
    input logic reset,
    input logic start,
    input hlsq::instruction_t op,
    input hlsq::number_t number,
    input logic [VALUES*PORT_BITS-1:0] tdata,
    input logic tvalid,
    output logic tready,
    output hlsq::write_t write,
    output logic done
);

  logic active, last_word, last_pixel;
  hlsq::bank_t bank;
  hlsq::address_t address;
  hlsq::count_t word, left;
  hlsq::pixel_count_t pixel;
  logic [hlsq::WORD-1:0][hlsq::LANE_BITS-1:0] lanes;

  logic taken;
  // Streams may go on behind a cycle of reset, before it has come here.
  assign tready = active && !reset;
  assign taken = tready && tvalid;
  assign last_word = word == op.chunks - 1'b1;
  assign last_pixel = left == hlsq::count_t'(1);
  for (genvar i = 0; i < hlsq::WORD; i++) begin : lane
    if (i < VALUES) begin : value
      logic [PORT_BITS-1:0] given;
      assign given = tdata[i*PORT_BITS+:PORT_BITS];
      assign lanes[i] = VALUE_SIGNED ? hlsq::LANE_BITS'(signed'(given)) : hlsq::LANE_BITS'(given);
    end else begin : none
      assign lanes[i] = '0;
    end
  end

  always_ff @(posedge clk) begin
    write <= '0;
    done <= 1'b0;
    if (start && op.opcode == hlsq::LOAD && op.port_number == hlsq::port_t'(PORT)) begin
      active <= 1'b1;
      bank <= '0;
      address <= op.out_address;
      word <= '0;
      pixel <= '0;
      left <= op.rows;
    end else if (taken) begin
      write.memory <= op.out_memory;
      write.bank <= bank;
      write.address <= address + hlsq::address_t'(word);
      write.granules <= '1;
      write.lanes <= lanes;
      word <= last_word ? '0 : word + 1'b1;
      if (last_word) begin
        pixel <= pixel + 1'b1;
        left <= left - 1'b1;
        bank <= bank == hlsq::bank_t'(hlsq::BANKS - 1) ? '0 : bank + 1'b1;
        if (bank == hlsq::bank_t'(hlsq::BANKS - 1)) address <= address + op.out_pitch;
        if (last_pixel) begin
          active <= 1'b0;
          done <= 1'b1;
        end
      end
    end
    if (reset) active <= 1'b0;
  end

  logic [hlsq::WORD-1:0][hlsq::LANE_BITS:0] extended;
  for (genvar i = 0; i < hlsq::WORD; i++) begin : observed
    assign extended[i] = {hlsq::LANE_SIGNED & lanes[i][hlsq::LANE_BITS-1], lanes[i]};
  end

  hlsq_observer #(.STAGE(0), .LANES(hlsq::WORD), .BITS(hlsq::LANE_BITS + 1)) observer (
      .clk, .valid(taken), .number, .pixel, .lane(int'(word) * hlsq::WORD),
      .count(hlsq::count_t'(hlsq::WORD)), .integers(extended)
  );
endmodule
