#ifndef HLSQ_FOLDED_PE_SIGN_H_
#define HLSQ_FOLDED_PE_SIGN_H_

#include "../types.h"
#include "forms.h"

namespace hlsq {
namespace folded {

// Multiplies by 1, -1 or 0. An operand is [negative | not zero].
template <class CONFIG> struct pe_sign {
    typedef typename CONFIG::product_t product_t;
    typedef typename CONFIG::operand_t operand_t;
    static const int operand_bits = 2;

    template <class CODE> static operand_t decode(CODE code, int bits, int form) {
#pragma HLS INLINE
        const bool negative = ((code >> (bits - 1)) & 1) != 0;
        const bool keep = form == SIGN || (code & 1) != 0;
        return operand_t(int(keep) | int(negative) << 1);
    }

    template <class TAP> static product_t apply(TAP tap, operand_t operand) {
#pragma HLS INLINE
        const product_t magnitude = (operand & 1) != 0 ? product_t(tap) : product_t(0);
        return (operand & 2) != 0 ? product_t(-magnitude) : magnitude;
    }
};

} // namespace folded
} // namespace hlsq

#endif
