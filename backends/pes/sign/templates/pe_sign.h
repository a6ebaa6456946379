#ifndef HLSQ_PE_SIGN_H_
#define HLSQ_PE_SIGN_H_

#include "types.h"

namespace hlsq {

// One-bit weights: code 0 is +1, code 1 is -1 (FxP-QNet eq. 13).
template <class TAP, class CODE, class PRODUCT> struct pe_sign {
    static PRODUCT apply(TAP tap, CODE code) {
#pragma HLS INLINE
        return code != 0 ? PRODUCT(-PRODUCT(tap)) : PRODUCT(tap);
    }
};

} // namespace hlsq

#endif
