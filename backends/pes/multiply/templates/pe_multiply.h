#ifndef HLSQ_PE_MULTIPLY_H_
#define HLSQ_PE_MULTIPLY_H_

#include "types.h"

namespace hlsq {

// Multiplies by a weight stored in two's complement (or unsigned) in CODE_BITS bits.
template <class TAP, class CODE, class WEIGHT, class PRODUCT, int CODE_BITS, class WHERE = anywhere> struct pe_multiply {
    static PRODUCT apply(TAP tap, CODE code) {
#pragma HLS INLINE
        return multiply<PRODUCT, WHERE>(tap, from_code<CODE_BITS, WEIGHT>(code));
    }
};

} // namespace hlsq

#endif
