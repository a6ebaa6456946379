// Constants of a row, one for each lane, two cycles behind its number; where there are none, the neutral value.
module hlsq_parameter #(
    parameter bit EXISTS = 1'b0,
    parameter int NEUTRAL = 0,
    parameter int ROWS = 1,
    parameter int LANES = 1,
    parameter int STORED_BITS = 1,
    parameter int BITS = 1,
    parameter FILE = ""
) (
    input logic clk,
    input hlsq::row_t row,
    output logic [LANES-1:0][BITS-1:0] values
);
  if (EXISTS) begin : memory
    localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1;
    logic [LANES*STORED_BITS-1:0] word;
    hlsq_rom #(.DEPTH(ROWS), .BITS(LANES * STORED_BITS), .FILE(FILE)) rom (.clk, .address(ROW_BITS'(row)), .word);
    for (genvar l = 0; l < LANES; l++) begin : lane
      assign values[l] = BITS'(signed'(word[l*STORED_BITS+:STORED_BITS]));
    end
  end else begin : constant
    logic unused;
    assign unused = ^{clk, row};
    assign values = {LANES{BITS'(NEUTRAL)}};
  end
endmodule
