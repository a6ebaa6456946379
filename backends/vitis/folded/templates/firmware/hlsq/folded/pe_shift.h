#ifndef HLSQ_FOLDED_PE_SHIFT_H_
#define HLSQ_FOLDED_PE_SHIFT_H_

#include "../types.h"
#include "forms.h"

namespace hlsq {
namespace folded {

// Multiplies by 0 or +-2^e: a shift, a selection and the sign. The code of a weight is decoded once for all positions
// that share it: [negative | not zero | exponent].
template <class CONFIG> struct pe_shift {
    typedef typename CONFIG::product_t product_t;
    typedef typename CONFIG::operand_t operand_t;
    static const int exponent_bits = at_least_one(bits_of(CONFIG::max_exponent));
    static const int operand_bits = exponent_bits + 2;

    template <class CODE> static operand_t decode(CODE code, int bits, int form) {
#pragma HLS INLINE
        const bool negative = ((code >> (bits - 1)) & 1) != 0;
        const CODE magnitude = form == SIGN ? CODE(1) : CODE(code & ((1 << (bits - 1)) - 1));
        const int exponent = magnitude == 0 ? 0 : int(magnitude) - 1;
        return operand_t(exponent | int(magnitude != 0) << exponent_bits | int(negative) << (exponent_bits + 1));
    }

    template <class TAP> static product_t apply(TAP tap, operand_t operand) {
#pragma HLS INLINE
        typedef uint<exponent_bits> exponent_t;
        const exponent_t exponent = exponent_t(operand & ((1 << exponent_bits) - 1));
        const bool keep = ((operand >> exponent_bits) & 1) != 0;
        const bool negative = ((operand >> (exponent_bits + 1)) & 1) != 0;
        const product_t shifted = shift_left<product_t>(tap, exponent);
        const product_t magnitude = keep ? shifted : product_t(0);
        return negative ? product_t(-magnitude) : magnitude;
    }
};

} // namespace folded
} // namespace hlsq

#endif
