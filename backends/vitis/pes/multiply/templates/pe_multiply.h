#ifndef HLSQ_PE_MULTIPLY_H_
#define HLSQ_PE_MULTIPLY_H_

#include "types.h"

namespace hlsq {

// Multiplies by a weight stored in two's complement (or unsigned) in CODE_BITS bits.
template <class TAP, class CODE, class WEIGHT, class PRODUCT, int CODE_BITS, bool SIGNED> struct pe_multiply {
    static PRODUCT apply(TAP tap, CODE code) {
#pragma HLS INLINE
        const WEIGHT top = SIGNED ? WEIGHT(1) << (CODE_BITS - 1) : WEIGHT(0);
        // Flipping and subtracting the sign bit extends it.
        const WEIGHT weight = (WEIGHT(code) ^ top) - top;
        return multiply<PRODUCT>(tap, weight);
    }
};

} // namespace hlsq

#endif
