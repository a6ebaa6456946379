// From a weight's code to the operand of a PE, by kind; the kinds are 0 shift, 1 multiply, 2 sign, 3 dual with signed
// digits, 4 dual with multiplier and shifter.
module hlsq_decode #(
    parameter int KIND = 0,
    parameter int CODE_BITS = 1,
    parameter int EXPONENT_BITS = 1,
    parameter int OPERAND_BITS = 1
) (
    input logic [CODE_BITS-1:0] code,
    input logic [3:0] sign_bit,  // where the code's highest bit is
    input logic [1:0] form,
    output logic [OPERAND_BITS-1:0] operand
);
  if (KIND == 0) begin : shift
    hlsq_pe_shift_decode #(
        .CODE_BITS(CODE_BITS), .EXPONENT_BITS(EXPONENT_BITS), .OPERAND_BITS(OPERAND_BITS)
    ) decode (.code, .sign_bit, .form, .operand);
  end else if (KIND == 1) begin : multiply
    hlsq_pe_multiply_decode #(
        .CODE_BITS(CODE_BITS), .OPERAND_BITS(OPERAND_BITS)
    ) decode (.code, .sign_bit, .form, .operand);
  end else if (KIND == 2) begin : sign
    hlsq_pe_sign_decode #(
        .CODE_BITS(CODE_BITS), .OPERAND_BITS(OPERAND_BITS)
    ) decode (.code, .sign_bit, .form, .operand);
  end else if (KIND == 3) begin : booth
    hlsq_pe_dual_booth_decode #(
        .CODE_BITS(CODE_BITS), .EXPONENT_BITS(EXPONENT_BITS), .OPERAND_BITS(OPERAND_BITS)
    ) decode (.code, .sign_bit, .form, .operand);
  end else begin : mux
    hlsq_pe_dual_mux_decode #(
        .CODE_BITS(CODE_BITS), .EXPONENT_BITS(EXPONENT_BITS), .OPERAND_BITS(OPERAND_BITS)
    ) decode (.code, .sign_bit, .form, .operand);
  end
endmodule
