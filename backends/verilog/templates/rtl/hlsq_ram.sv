// A memory with a port to write and one to read, whose word comes two cycles behind its address.
module hlsq_ram #(
    parameter int DEPTH = 1,
    parameter int BITS = 1,
    localparam int ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
    input logic clk,
    input logic write,
    input logic [ADDRESS_BITS-1:0] write_address,
    input logic [BITS-1:0] written,
    input logic [ADDRESS_BITS-1:0] read_address,
    output logic [BITS-1:0] word
);
  logic [BITS-1:0] content[DEPTH];
  logic [BITS-1:0] fetched;

  always_ff @(posedge clk) begin
    if (write) content[write_address] <= written;
    fetched <= content[read_address];
    word <= fetched;
  end
endmodule
