#ifndef HLSQ_FOLDED_PE_MULTIPLY_H_
#define HLSQ_FOLDED_PE_MULTIPLY_H_

#include "forms.h"
#include "multiplication.h"

namespace hlsq {
namespace folded {

// Multiplies by an integer.
template <class CONFIG> struct pe_multiply {
    static const int operand_bits = CONFIG::code_bits;

    // A code of `bits` bits in two's complement; one bit alone is a sign.
    template <class V> static V decode(V code, int bits, int form) {
#pragma HLS INLINE
        return form == SIGN ? V(1 - (code << 1)) : sign_extended(code, bits);
    }

    template <class V, class OPERAND> static V apply(V tap, OPERAND operand) {
#pragma HLS INLINE
        return multiplication<CONFIG, V, is_several<V>::value>::apply(tap, V(operand));
    }
};

} // namespace folded
} // namespace hlsq

#endif
