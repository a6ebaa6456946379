// From a code to [negative | not zero].
module hlsq_pe_sign_decode #(
    parameter int CODE_BITS = 1,
    parameter int OPERAND_BITS = 2
) (
    input logic [CODE_BITS-1:0] code,
    input logic [3:0] sign_bit,
    input logic [1:0] form,
    output logic [OPERAND_BITS-1:0] operand
);
  assign operand = {1'(code >> sign_bit), form == hlsq::SIGN || code[0]};
endmodule
