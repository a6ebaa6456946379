#ifndef HLSQ_FOLDED_PE_SIGN_H_
#define HLSQ_FOLDED_PE_SIGN_H_

#include "forms.h"
#include "side_by_side.h"

namespace hlsq {
namespace folded {

// Multiplies by 1, -1 or 0. An operand is [negative | not zero].
template <class CONFIG> struct pe_sign {
    static const int operand_bits = 2;

    template <class V> static V decode(V code, int bits, int form) {
#pragma HLS INLINE
        const V negative = bit_of(code, bits - 1);
        return form == SIGN ? V(negative << 1 | 1) : V(negative << 1 | (code & 1));
    }

    template <class V, class OPERAND> static V apply(V tap, OPERAND operand) {
#pragma HLS INLINE
        const V weight = V(operand);
        return negated(bit_of(weight, 1), where(bit_of(weight, 0), tap));
    }
};

} // namespace folded
} // namespace hlsq

#endif
