#ifndef HLSQ_REQUANTISE_H_
#define HLSQ_REQUANTISE_H_

// From accumulator to output integer: round(t * multiplier / 2^shift) + zero point, clamped.

#include "types.h"

namespace hlsq {

// Outputs that share a requantiser may differ in their shifts. The smallest, LEAST, is wires; a shifter does the rest,
// `more`. Amounts are unsigned and never become negative on the way: one that could be would take a shifter of both
// directions.

// Half of 2^(LEAST + more), 0 for no shift.
template <class T, int LEAST, class SHIFT> inline T half_of(SHIFT more) {
#pragma HLS INLINE
    typedef bits_of_type<T> bits_t;
    return LEAST == 0 ? T((bits_t(1) << more) >> 1) : T((bits_t(1) << (at_least_one(LEAST) - 1)) << more);
}

// value / 2^(LEAST + more), ties to the even integer.
template <int LEAST = 0, class T, class SHIFT> inline T round_half_even(T value, SHIFT more) {
#pragma HLS INLINE
    const T odd = T(T(value >> LEAST) >> more) & T(1);
    const T adjusted = value + half_of<T, LEAST>(more) - T(1) + odd;
    return LEAST == 0 && more == 0 ? value : T(T(adjusted >> LEAST) >> more);
}

// value / 2^(LEAST + more), ties upwards.
template <int LEAST = 0, class T, class SHIFT> inline T round_half_up(T value, SHIFT more) {
#pragma HLS INLINE
    const T adjusted = value + half_of<T, LEAST>(more);
    return T(adjusted >> LEAST) >> more;
}

template <class OUT, class T> inline OUT clamp(T value, T low, T high) {
#pragma HLS INLINE
    return value < low ? OUT(low) : value > high ? OUT(high) : OUT(value);
}

// The level that value reaches: the last one whose threshold is not above it, the first one below all thresholds. Each
// threshold that is reached changes the bits in which two neighbours differ, so nothing is counted, and no table is
// looked up, which would need a memory with a port for every value that is finished at a time.
template <class OUT, int STEPS, class T, class TABLE, class LEVEL>
inline OUT level_of(T value, const TABLE (&thresholds)[STEPS], const LEVEL (&levels)[STEPS + 1]) {
#pragma HLS INLINE
    OUT level = OUT(levels[0]);
    for (int i = 0; i < STEPS; i++) {
#pragma HLS UNROLL
        // Both are signed. A threshold beyond all values is no value, so it is not converted to their type.
        level = OUT(level ^ (value >= thresholds[i] ? OUT(levels[i] ^ levels[i + 1]) : OUT(0)));
    }
    return level;
}

} // namespace hlsq

#endif
