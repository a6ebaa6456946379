// Fetches instructions, one while the one before it runs, and starts them one after the other, over and over.
module hlsq_controller (
    input logic clk,
    input logic reset,
    input logic done,
    output logic start,
    output hlsq::instruction_t op,
    output hlsq::number_t number
);
  typedef enum logic [2:0] {FETCH, WAIT, DECODE, PREPARE, START, BUSY} state_t;

  state_t state;
  hlsq::number_t next;
  logic [hlsq::INSTRUCTION_BITS-1:0] word;
  hlsq_rom #(.DEPTH(hlsq::INSTRUCTIONS), .BITS(hlsq::INSTRUCTION_BITS), .FILE("image/program.hex")) rom (
      .clk, .address(next), .word
  );

  hlsq::instruction_t decoded;
  hlsq_decoder decoder (.word, .op(decoded));

  always_ff @(posedge clk) begin
    start <= 1'b0;
    case (state)
      FETCH: state <= WAIT;
      WAIT: state <= DECODE;
      DECODE: begin
        op <= decoded;
        number <= next;
        next <= next == hlsq::number_t'(hlsq::INSTRUCTIONS - 1) ? '0 : next + 1'b1;
        state <= PREPARE;
      end
      PREPARE: begin
        start <= 1'b1;
        state <= START;
      end
      START: state <= BUSY;
      default: if (done) state <= DECODE;  // the next word has been there for long
    endcase
    if (reset) begin
      state <= FETCH;
      next <= '0;
    end
  end

`ifdef VERILATOR
  import "DPI-C" function void hlsq_begins(input int number);
  always_ff @(posedge clk) if (state == DECODE && !reset) hlsq_begins(int'(next));
`endif
endmodule
