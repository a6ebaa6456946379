// From a code in two's complement, or a sign alone, to an integer.
module hlsq_pe_multiply_decode #(
    parameter int CODE_BITS = 1,
    parameter int OPERAND_BITS = 2
) (
    input logic [CODE_BITS-1:0] code,
    input logic [3:0] sign_bit,
    input logic [1:0] form,
    output logic [OPERAND_BITS-1:0] operand
);
  logic [OPERAND_BITS-1:0] top;
  assign top = OPERAND_BITS'(1) << sign_bit;
  assign operand = form == hlsq::SIGN ? {{(OPERAND_BITS - 1) {code[0]}}, 1'b1} : (OPERAND_BITS'(code) ^ top) - top;
endmodule
