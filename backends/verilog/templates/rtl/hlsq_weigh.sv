// A map's value with its factor in an addition: a power of two, or, where one is none, a product two cycles later.
module hlsq_weigh #(
    parameter bit MULTIPLIES = 1'b0,
    parameter int BITS = 1
) (
    input logic clk,
    input logic signed [BITS-1:0] value,
    input logic signed [17:0] factor,  // or the exponent
    output logic signed [BITS-1:0] weighed  // 3 cycles later
);
  if (MULTIPLIES) begin : multiplied
    hlsq_multiplier #(.A_BITS(BITS), .B_BITS(18), .BITS(BITS)) by (.clk, .a(value), .b(factor), .product(weighed));
  end else begin : raised
    logic signed [BITS-1:0] once;
    logic unused;
    assign unused = ^factor[17:6];
    always_ff @(posedge clk) once <= value <<< factor[5:0];
    hlsq_delay #(.BITS(BITS), .CYCLES(2)) as_long (.clk, .in(once), .out(weighed));
  end
endmodule
