#ifndef HLSQ_FOLDED_PE_SHIFT_H_
#define HLSQ_FOLDED_PE_SHIFT_H_

#include "forms.h"
#include "side_by_side.h"

namespace hlsq {
namespace folded {

// Multiplies by 0 or +-2^e: a shift, a selection and the sign. The code of a weight is decoded once for all positions
// that share it: [negative | not zero | exponent].
template <class CONFIG> struct pe_shift {
    static const int exponent_bits = at_least_one(bits_of(CONFIG::max_exponent));
    static const int operand_bits = exponent_bits + 2;

    template <class V> static V decode(V code, int bits, int form) {
#pragma HLS INLINE
        const V negative = bit_of(code, bits - 1);
        const V magnitude = form == SIGN ? V((code & 0) + 1) : V(code & ((1 << (bits - 1)) - 1));
        const V zero = is_equal(magnitude, 0);
        const V exponent = magnitude - 1 + zero;
        return V(exponent | V(1 - zero) << exponent_bits | negative << (exponent_bits + 1));
    }

    template <class V, class OPERAND> static V apply(V tap, OPERAND operand) {
#pragma HLS INLINE
        const V weight = V(operand);
        const V size = shifted<exponent_bits>(tap, V(weight & ((1 << exponent_bits) - 1)));
        return negated(bit_of(weight, exponent_bits + 1), where(bit_of(weight, exponent_bits), size));
    }
};

} // namespace folded
} // namespace hlsq

#endif
