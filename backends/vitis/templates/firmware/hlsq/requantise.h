#ifndef HLSQ_REQUANTISE_H_
#define HLSQ_REQUANTISE_H_

// From accumulator to output integer: round(t * multiplier / 2^shift) + zero point, clamped.

namespace hlsq {

// value / 2^shift, ties to the even integer.
template <class T> inline T round_half_even(T value, int shift) {
#pragma HLS INLINE
    if (shift == 0)
        return value;
    const T half = T(1) << (shift - 1);
    const T odd = (value >> shift) & T(1);
    const T adjusted = value + half - T(1) + odd;
    return adjusted >> shift;
}

// value / 2^shift, ties upwards.
template <class T> inline T round_half_up(T value, int shift) {
#pragma HLS INLINE
    if (shift == 0)
        return value;
    const T half = T(1) << (shift - 1);
    const T adjusted = value + half;
    return adjusted >> shift;
}

template <class OUT, class T> inline OUT clamp(T value, T low, T high) {
#pragma HLS INLINE
    return value < low ? OUT(low) : value > high ? OUT(high) : OUT(value);
}

// Number of ascending thresholds that value reaches.
template <int STEPS, class T, class TABLE> inline int count_reached(T value, const TABLE (&thresholds)[STEPS]) {
#pragma HLS INLINE
    int reached = 0;
    for (int i = 0; i < STEPS; i++) {
#pragma HLS UNROLL
        reached += value >= T(thresholds[i]) ? 1 : 0;
    }
    return reached;
}

} // namespace hlsq

#endif
