#ifndef HLSQ_PE_SHIFT_H_
#define HLSQ_PE_SHIFT_H_

#include "types.h"

namespace hlsq {

// Multiplies by 0 or +-2^e without a multiplier: shift, then zero, then sign.
//
// The stored code is [sign | zero flag | exponent] when ZERO_FLAG, else [sign | magnitude] with magnitude 0 for zero
// and e + 1 otherwise; SIGNED says whether there is a sign bit. Only shift, negation and selection occur here, none of
// which a DSP block does, and the products are added in fabric.
template <class TAP, class CODE, class PRODUCT, int CODE_BITS, bool SIGNED, bool ZERO_FLAG> struct pe_shift {
    static PRODUCT apply(TAP tap, CODE code) {
#pragma HLS INLINE
        const int magnitude_bits = SIGNED ? CODE_BITS - 1 : CODE_BITS;
        const int exponent_bits = ZERO_FLAG ? magnitude_bits - 1 : magnitude_bits;
        typedef uint<(exponent_bits > 0 ? exponent_bits : 1)> exponent_t; // unsigned: it shifts in one direction
        const exponent_t field = exponent_t(code & CODE((1 << exponent_bits) - 1));
        const bool zero = ZERO_FLAG ? ((code >> (magnitude_bits - 1)) & 1) != 0 : field == 0;
        const bool negative = SIGNED && ((code >> (CODE_BITS - 1)) & 1) != 0;
        const exponent_t exponent = ZERO_FLAG || field == 0 ? field : exponent_t(field - 1);
        const PRODUCT shifted = shift_left<PRODUCT>(tap, exponent);
        const PRODUCT magnitude = zero ? PRODUCT(0) : shifted;
        return negative ? PRODUCT(-magnitude) : magnitude;
    }
};

} // namespace hlsq

#endif
