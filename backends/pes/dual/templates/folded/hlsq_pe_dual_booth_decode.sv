// From a code to signed digits of radix 4. A power of two has one digit that is not zero.
module hlsq_pe_dual_booth_decode #(
    parameter int CODE_BITS = 2,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 3
) (
    input logic [CODE_BITS-1:0] code,
    input logic [3:0] sign_bit,
    input logic [1:0] form,
    output logic [OPERAND_BITS-1:0] operand
);
  localparam int DIGITS = OPERAND_BITS / 3;
  localparam int BITS = 2 * DIGITS + 1;
  localparam int MAGNITUDE_BITS = EXPONENT_BITS + 1 > CODE_BITS ? EXPONENT_BITS + 1 : CODE_BITS;

  logic [BITS-1:0] top, doubled;  // an integer with a zero below its lowest digit
  logic [MAGNITUDE_BITS-1:0] magnitude;  // of a power: its exponent and one
  logic sign;
  assign top = BITS'(1) << sign_bit;
  assign doubled = ((BITS'(code) ^ top) - top) << 1;
  assign magnitude = form == hlsq::SIGN
      ? MAGNITUDE_BITS'(1) : MAGNITUDE_BITS'(code & ~(CODE_BITS'(1) << sign_bit));
  assign sign = 1'(code >> sign_bit);
  for (genvar i = 0; i < DIGITS; i++) begin : digit
    logic high, middle, low, one, two, negative;
    assign {high, middle, low} = doubled[2*i+:3];
    always_comb begin
      if (form == hlsq::INTEGER) begin
        one = middle ^ low;
        two = (high ^ middle) & ~one;
        negative = high & ~(middle & low);
      end else begin
        one = int'(magnitude) == 2 * i + 1;
        two = int'(magnitude) == 2 * i + 2;
        negative = sign & (one | two);
      end
    end
    assign operand[3*i+:3] = {negative, two, one};
  end
endmodule
