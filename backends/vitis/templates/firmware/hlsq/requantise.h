#ifndef HLSQ_REQUANTISE_H_
#define HLSQ_REQUANTISE_H_

// From accumulator to output integer: round(t * multiplier / 2^shift) + zero point, clamped.

#include "types.h"

namespace hlsq {

// Half of 2^shift, 0 for no shift. Amounts of shifts are unsigned and never become negative on the way: one that could be
// would take a shifter of both directions.
template <class T, class SHIFT> inline T half_of(SHIFT shift) {
#pragma HLS INLINE
    return T((bits_of_type<T>(1) << shift) >> 1);
}

// value / 2^shift, ties to the even integer.
template <class T, class SHIFT> inline T round_half_even(T value, SHIFT shift) {
#pragma HLS INLINE
    const T odd = (value >> shift) & T(1);
    const T adjusted = value + half_of<T>(shift) - T(1) + odd;
    return shift == 0 ? value : T(adjusted >> shift);
}

// value / 2^shift, ties upwards.
template <class T, class SHIFT> inline T round_half_up(T value, SHIFT shift) {
#pragma HLS INLINE
    const T adjusted = value + half_of<T>(shift);
    return adjusted >> shift;
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
