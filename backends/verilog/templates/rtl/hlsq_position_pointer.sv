// Where the pixel lies that is in front of one position: a bank and an address, a row and a column.
//
// Every step is an addition with a carry across the end of the banks, or of a row; both results are added up at once.
module hlsq_position_pointer (
    input logic clk,
    input logic load,
    input hlsq::pixel_t given,
    input hlsq::step_t step,
    output hlsq::pixel_t pixel
);
  hlsq::bank_t bank_over;
  hlsq::coordinate_t x_test;
  assign bank_over = pixel.bank + step.bank_over;
  assign x_test = pixel.x + step.x_test;

  always_ff @(posedge clk) begin
    if (load) begin
      pixel <= given;
    end else begin
      if (step.moves) begin
        pixel.bank <= bank_over < 0 ? pixel.bank + step.bank : bank_over;
        pixel.address <= pixel.address + (bank_over < 0 ? step.address : step.address_over);
      end
      if (step.moves_pixel) begin
        pixel.x <= pixel.x + (x_test < 0 ? step.x : step.x_over);
        pixel.y <= pixel.y + (x_test < 0 ? step.y : step.y_over);
      end
    end
  end
endmodule
