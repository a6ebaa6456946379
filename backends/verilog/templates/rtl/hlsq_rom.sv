// A memory of constants, whose word comes two cycles behind its address.
module hlsq_rom #(
    parameter int DEPTH = 1,
    parameter int BITS = 1,
    parameter FILE = "",
    localparam int ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
    input logic clk,
    input logic [ADDRESS_BITS-1:0] address,
    output logic [BITS-1:0] word
);
  logic [BITS-1:0] content[DEPTH];
  logic [BITS-1:0] fetched;
  initial $readmemh(FILE, content);

  always_ff @(posedge clk) begin
    fetched <= content[address];
    word <= fetched;
  end
endmodule
