// The weights of a step, decoded once for all positions: 6 cycles behind the row's number.
//
// A code is cut into slices, which lie in one memory after the other, so that each memory is read once.
module hlsq_weights #(
    parameter int KIND = 0,
    parameter int TAPS = 1,
    parameter int OUTPUTS = 1,
    parameter int SLICES = 1,
    parameter int SLICE_BITS = 1,
    parameter int ROWS = 1,
    parameter int CODE_BITS = 1,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 1,
    parameter bit DEPTHWISE = 1'b0,
    parameter bit FORMS = 1'b0,  // whether there are several
    parameter logic [1:0] ONLY_FORM = 2'd0,
    parameter FILE = ""
) (
    input logic clk,
    input hlsq::instruction_t op,
    input hlsq::count_t bank,
    input hlsq::row_t address,
    input hlsq::count_t column,  // lane by lane: the output whose codes are used
    output logic [TAPS*OUTPUTS-1:0][OPERAND_BITS-1:0] operands
);
  typedef hlsq::count_t count_t;
  localparam int CODES = TAPS * OUTPUTS;
  localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1;

  logic [SLICES-1:0][CODES-1:0][SLICE_BITS-1:0] words;
  for (genvar s = 0; s < SLICES; s++) begin : slice
    logic [ROW_BITS-1:0] row;
    always_ff @(posedge clk) row <= ROW_BITS'(address) + ROW_BITS'(count_t'(s) < bank);
    hlsq_rom #(.DEPTH(ROWS), .BITS(CODES * SLICE_BITS), .FILE({FILE, "_", 8'(97 + s), ".hex"})) rom (
        .clk, .address(row), .word(words[s])
    );
  end

  // Slices in their order.
  count_t first;
  logic [CODES-1:0][SLICES*SLICE_BITS-1:0] codes;
  hlsq_delay #(.BITS(hlsq::COUNT_BITS), .CYCLES(3)) beside_words (.clk, .in(bank), .out(first));
  for (genvar s = 0; s < SLICES; s++) begin : part
    count_t number, from;
    assign number = first + count_t'(s);
    assign from = number >= count_t'(SLICES) ? number - count_t'(SLICES) : number;
    always_ff @(posedge clk)
      for (int i = 0; i < CODES; i++)
        codes[i][s*SLICE_BITS+:SLICE_BITS] <= SLICES == 1 || count_t'(s) < op.weight_slices ? words[from][i] : '0;
  end

  // Lane by lane, the first output's PEs take the codes of one output after the other.
  logic [CODES-1:0][SLICES*SLICE_BITS-1:0] chosen;
  if (DEPTHWISE && OUTPUTS > 1) begin : columns
    count_t own;
    hlsq_delay #(.BITS(hlsq::COUNT_BITS), .CYCLES(4)) beside_codes (.clk, .in(column), .out(own));
    always_ff @(posedge clk) begin
      chosen <= codes;
      if (op.mode == hlsq::LANES)
        for (int t = 0; t < TAPS; t++)
          for (int o = 0; o < OUTPUTS; o++)
            if (own == count_t'(o)) chosen[t*OUTPUTS] <= codes[t*OUTPUTS+o];
    end
  end else begin : no_columns
    count_t unused;
    assign unused = column;
    always_ff @(posedge clk) chosen <= codes;
  end

  logic [3:0] bits;
  logic [1:0] form;
  assign bits = SLICES == 1 ? 4'(CODE_BITS - 1) : 4'(op.weight_bits - 1'b1);
  assign form = FORMS ? op.form : ONLY_FORM;
  for (genvar i = 0; i < CODES; i++) begin : code
    logic [OPERAND_BITS-1:0] decoded;
    hlsq_decode #(
        .KIND(KIND), .CODE_BITS(CODE_BITS), .EXPONENT_BITS(EXPONENT_BITS), .OPERAND_BITS(OPERAND_BITS)
    ) decode (
        .code(CODE_BITS'(chosen[i])), .sign_bit(bits), .form, .operand(decoded)
    );
    always_ff @(posedge clk) operands[i] <= decoded;
  end
endmodule
