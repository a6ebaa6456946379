#ifndef HLSQ_FOLDED_PE_DUAL_MUX_H_
#define HLSQ_FOLDED_PE_DUAL_MUX_H_

#include "forms.h"
#include "multiplication.h"

namespace hlsq {
namespace folded {

// Multiplies by an integer or by a power of two, as the instruction says, with a multiplier, a shifter and a selector
// behind them (DoubleQExt Fig. 5).
template <class CONFIG> struct pe_dual_mux {
    static const int exponent_bits = at_least_one(bits_of(CONFIG::max_exponent));
    static const int number_bits = CONFIG::code_bits > exponent_bits + 2 ? CONFIG::code_bits : exponent_bits + 2;
    static const int operand_bits = number_bits + 1;

    // [shifts | integer], or [shifts | negative | not zero | exponent].
    template <class V> static V decode(V code, int bits, int form) {
#pragma HLS INLINE
        const int top = 1 << (bits - 1);
        const V magnitude = form == SIGN ? V((code & 0) + 1) : V(code & (top - 1));
        const V zero = is_equal(magnitude, 0);
        const V exponent = magnitude - 1 + zero;
        const V power = exponent | V(1 - zero) << exponent_bits | bit_of(code, bits - 1) << (exponent_bits + 1);
        const V integer = sign_extended(code, bits) & ((1 << number_bits) - 1);
        return form == INTEGER ? integer : V(power | 1 << number_bits);
    }

    template <class V, class OPERAND> static V apply(V tap, OPERAND operand) {
#pragma HLS INLINE
        const int top = 1 << (number_bits - 1);
        const V number = V(operand) & ((1 << number_bits) - 1);
        const V product = multiplication<CONFIG, V, is_several<V>::value>::apply(tap, V((number ^ top) - top));
        const V size = where(bit_of(number, exponent_bits), shifted<exponent_bits>(tap, V(number & ((1 << exponent_bits) - 1))));
        const V power = negated(bit_of(number, exponent_bits + 1), size);
        const V shifts = bit_of(V(operand), number_bits);
        return where(shifts, power) | where(V(1 - shifts), product);
    }
};

} // namespace folded
} // namespace hlsq

#endif
