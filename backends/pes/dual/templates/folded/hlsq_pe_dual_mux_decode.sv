// From a code to [shifts | integer], or [shifts | negative | not zero | exponent].
module hlsq_pe_dual_mux_decode #(
    parameter int CODE_BITS = 2,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 4
) (
    input logic [CODE_BITS-1:0] code,
    input logic [3:0] sign_bit,
    input logic [1:0] form,
    output logic [OPERAND_BITS-1:0] operand
);
  localparam int NUMBER_BITS = OPERAND_BITS - 1;
  logic [NUMBER_BITS-1:0] top, integer_value, power;
  logic [CODE_BITS-1:0] magnitude;
  assign top = NUMBER_BITS'(1) << sign_bit;
  assign integer_value = (NUMBER_BITS'(code) ^ top) - top;
  assign magnitude = form == hlsq::SIGN ? CODE_BITS'(1) : code & ~(CODE_BITS'(1) << sign_bit);
  assign power = NUMBER_BITS'({
    1'(code >> sign_bit), magnitude != '0, magnitude == '0 ? EXPONENT_BITS'(0) : EXPONENT_BITS'(magnitude - 1'b1)
  });
  assign operand = form == hlsq::INTEGER ? {1'b0, integer_value} : {1'b1, power};
endmodule
