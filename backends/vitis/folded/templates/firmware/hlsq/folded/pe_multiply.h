#ifndef HLSQ_FOLDED_PE_MULTIPLY_H_
#define HLSQ_FOLDED_PE_MULTIPLY_H_

#include "../types.h"
#include "forms.h"

namespace hlsq {
namespace folded {

// Multiplies by an integer.
template <class CONFIG> struct pe_multiply {
    typedef typename CONFIG::product_t product_t;
    typedef typename CONFIG::operand_t operand_t;
    static const int operand_bits = CONFIG::code_bits;

    // A code of `bits` bits in two's complement; one bit alone is a sign.
    template <class CODE> static operand_t decode(CODE code, int bits, int form) {
#pragma HLS INLINE
        const int top = 1 << (bits - 1);
        return operand_t(form == SIGN ? 1 - 2 * int(code) : (int(code) ^ top) - top);
    }

    template <class TAP> static product_t apply(TAP tap, operand_t operand) {
#pragma HLS INLINE
        return multiply<product_t, typename CONFIG::multiplier>(tap, typename CONFIG::weight_t(operand));
    }
};

} // namespace folded
} // namespace hlsq

#endif
