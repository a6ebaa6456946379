#ifndef HLSQ_FOLDED_MULTIPLICATION_H_
#define HLSQ_FOLDED_MULTIPLICATION_H_

#include "side_by_side.h"

namespace hlsq {
namespace folded {

// A product of one tap and one weight where the engine's multipliers are, or of several side by side.
template <class CONFIG, class V, bool SEVERAL> struct multiplication {
    static V apply(V tap, V weight) {
#pragma HLS INLINE
        return multiply<V, typename CONFIG::multiplier>(typename CONFIG::tap_t(tap), typename CONFIG::weight_t(weight));
    }
};
#ifdef HLSQ_NATIVE_INT
template <class CONFIG, class V> struct multiplication<CONFIG, V, true> {
    static V apply(V tap, V weight) { return tap * weight; }
};
#endif

} // namespace folded
} // namespace hlsq

#endif
