// From a code to [negative | not zero | exponent].
module hlsq_pe_shift_decode #(
    parameter int CODE_BITS = 2,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 3
) (
    input logic [CODE_BITS-1:0] code,
    input logic [3:0] sign_bit,
    input logic [1:0] form,
    output logic [OPERAND_BITS-1:0] operand
);
  logic negative;
  logic [CODE_BITS-1:0] magnitude;
  assign negative = 1'(code >> sign_bit);
  assign magnitude = form == hlsq::SIGN ? CODE_BITS'(1) : code & ~(CODE_BITS'(1) << sign_bit);
  assign operand = {
    negative, magnitude != '0, magnitude == '0 ? EXPONENT_BITS'(0) : EXPONENT_BITS'(magnitude - 1'b1)
  };
endmodule
