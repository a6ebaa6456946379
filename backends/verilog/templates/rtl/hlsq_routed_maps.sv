// One feature-map memory, read by several at once: each asks for a word of its own bank, all of which differ.
module hlsq_routed_maps #(
    parameter int DEPTH = 1,
    parameter bit NUMBER = 1'b0
) (
    input logic clk,
    input hlsq::write_t write,
    input logic [hlsq::READERS-1:0][hlsq::REQUEST_BITS-1:0] requests,
    output logic [hlsq::READERS-1:0][hlsq::WORD_BITS-1:0] words  // 5 cycles later; 0 for those who ask for none
);
  localparam int BANKS = hlsq::BANKS;
  localparam int READERS = hlsq::READERS;

  // Who asks for which bank, and the address that is asked of each.
  logic [BANKS-1:0][READERS-1:0] hits, chosen;
  logic [READERS-1:0][hlsq::ADDRESS_BITS-1:0] at;
  logic [BANKS-1:0][hlsq::ADDRESS_BITS-1:0] joined, addresses;
  for (genvar r = 0; r < READERS; r++) begin : reader
    hlsq::request_t own;
    assign own = requests[r];
    always_ff @(posedge clk) begin
      at[r] <= own.address;
      for (int b = 0; b < BANKS; b++)
        hits[b][r] <= own.enable && own.bank == hlsq::bank_t'(b) && (hlsq::MEMORIES == 1 || own.memory == NUMBER);
    end
  end
  always_comb begin
    joined = '0;
    for (int b = 0; b < BANKS; b++)
      for (int r = 0; r < READERS; r++) if (hits[b][r]) joined[b] = joined[b] | at[r];
  end
  always_ff @(posedge clk) addresses <= joined;

  hlsq::write_t own_write;
  always_comb begin
    own_write = write;
    if (hlsq::MEMORIES > 1 && write.memory != NUMBER) own_write.granules = '0;
  end
  logic [BANKS-1:0][hlsq::WORD_BITS-1:0] banks;
  hlsq_feature_maps #(.DEPTH(DEPTH)) maps (.clk, .write(own_write), .addresses, .words(banks));

  // What the banks give goes to who asked.
  hlsq_delay #(.BITS(BANKS * READERS), .CYCLES(3)) beside (.clk, .in(hits), .out(chosen));
  for (genvar r = 0; r < READERS; r++) begin : word
    logic [hlsq::WORD_BITS-1:0] collected;
    always_comb begin
      collected = '0;
      for (int b = 0; b < BANKS; b++) if (chosen[b][r]) collected = collected | banks[b];
    end
    always_ff @(posedge clk) words[r] <= collected;
  end
endmodule
