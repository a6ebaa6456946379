// From the words of the outputs into an output stream: a word a cycle, with room for those on their way while nobody
// takes them.
module hlsq_emitter #(
    parameter int VALUES = 1,  // in a transfer
    parameter int PORT_BITS = 8,  // of one of them
    parameter int PORT = 0
) (
    input logic clk,
    input logic reset,
    input logic start,
    input hlsq::instruction_t op,
    output hlsq::address_t address,
    input logic [hlsq::WORD*hlsq::OUTPUT_BITS-1:0] word,  // 2 cycles behind the address
    output logic [VALUES*PORT_BITS-1:0] tdata,
    output logic tvalid,
    input logic tready,
    output logic done
);
  localparam int ROOM = 4;

  logic [VALUES*PORT_BITS-1:0] arriving;
  for (genvar i = 0; i < VALUES; i++) begin : value
    logic [hlsq::OUTPUT_BITS-1:0] lane;
    assign lane = word[i*hlsq::OUTPUT_BITS+:hlsq::OUTPUT_BITS];
    assign arriving[i*PORT_BITS+:PORT_BITS] = hlsq::OUTPUT_SIGNED ? PORT_BITS'(signed'(lane)) : PORT_BITS'(lane);
  end

  // Words that were asked for and have not left.
  logic [2:0] open;
  logic asks, leaves, on_the_way, arrives, active;
  hlsq::count_t unasked, unsent;
  assign asks = active && unasked != '0 && open != 3'(ROOM);
  assign leaves = tvalid && tready;

  logic [ROOM-1:0][VALUES*PORT_BITS-1:0] waiting;
  logic [1:0] put, get;
  logic [2:0] filled;
  // Streams may go on behind a cycle of reset, before it has come here.
  assign tvalid = filled != '0 && !reset;
  assign tdata = waiting[get];

  always_ff @(posedge clk) begin
    done <= 1'b0;
    on_the_way <= asks;
    arrives <= on_the_way;
    if (asks) begin
      unasked <= unasked - 1'b1;
      address <= address + 1'b1;
    end
    if (arrives) begin
      waiting[put] <= arriving;
      put <= put + 1'b1;
    end
    if (leaves) begin
      get <= get + 1'b1;
      unsent <= unsent - 1'b1;
      if (unsent == hlsq::count_t'(1)) begin
        active <= 1'b0;
        done <= 1'b1;
      end
    end
    open <= open + 3'(asks) - 3'(leaves);
    filled <= filled + 3'(arrives) - 3'(leaves);
    if (start && op.opcode == hlsq::EMIT && op.port_number == hlsq::port_t'(PORT)) begin
      active <= 1'b1;
      address <= op.emit_address;
      unasked <= op.rows;
      unsent <= op.rows;
    end
    if (reset) begin
      active <= 1'b0;
      on_the_way <= 1'b0;
      arrives <= 1'b0;
      open <= '0;
      filled <= '0;
      put <= '0;
      get <= '0;
    end
  end
endmodule
