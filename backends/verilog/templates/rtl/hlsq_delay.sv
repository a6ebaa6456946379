// A value some cycles later; synthesis makes shift registers of LUTs of it, so it has no reset.
module hlsq_delay #(
    parameter int BITS = 1,
    parameter int CYCLES = 1
) (
    input logic clk,
    input logic [BITS-1:0] in,
    output logic [BITS-1:0] out
);
  if (CYCLES == 0) begin : none
    logic unused;
    assign out = in;
    assign unused = clk;
  end else begin : some
    logic [BITS-1:0] line[CYCLES];
    always_ff @(posedge clk) begin
      line[0] <= in;
      for (int i = 1; i < CYCLES; i++) line[i] <= line[i-1];
    end
    assign out = line[CYCLES-1];
  end
endmodule
