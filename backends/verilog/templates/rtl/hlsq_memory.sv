// All feature maps. Words come 7 cycles behind the requests; who asks for none is given `fill` in each lane.
module hlsq_memory (
    input logic clk,
    input hlsq::write_t write,
    input logic [hlsq::READERS-1:0][hlsq::REQUEST_BITS-1:0] requests,
    input logic signed [hlsq::LANE_BITS-1:0] fill,
    output logic [hlsq::READERS-1:0][hlsq::WORD-1:0][hlsq::LANE_BITS-1:0] words
);
  localparam int READERS = hlsq::READERS;

  logic [READERS-1:0][hlsq::REQUEST_BITS-1:0] asked;
  always_ff @(posedge clk) asked <= requests;

  logic [READERS-1:0][hlsq::WORD_BITS-1:0] first, second;
  hlsq_routed_maps #(.DEPTH(hlsq::DEPTH0), .NUMBER(1'b0)) maps0 (.clk, .write, .requests(asked), .words(first));
  if (hlsq::MEMORIES > 1) begin : two
    hlsq_routed_maps #(.DEPTH(hlsq::DEPTH1), .NUMBER(1'b1)) maps1 (.clk, .write, .requests(asked), .words(second));
  end else begin : one
    assign second = '0;
  end

  logic [READERS-1:0] enables, given;
  for (genvar r = 0; r < READERS; r++) begin : asks
    hlsq::request_t own;
    assign own = requests[r];
    assign enables[r] = own.enable;
  end
  hlsq_delay #(.BITS(READERS), .CYCLES(6)) enabled (.clk, .in(enables), .out(given));
  always_ff @(posedge clk)
    for (int r = 0; r < READERS; r++) words[r] <= given[r] ? first[r] | second[r] : {hlsq::WORD{fill}};
endmodule
