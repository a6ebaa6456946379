#ifndef HLSQ_REGISTERS_H_
#define HLSQ_REGISTERS_H_

#include "types.h"

// Tools take an array apart into registers only up to this size.
#ifndef HLSQ_MOST_REGISTERS
#define HLSQ_MOST_REGISTERS 1024
#endif

namespace hlsq {

// LANES values for each of STEPS, in registers. What reads them in one lane selects a step of that lane, and nothing else:
// a multiplexer of STEPS inputs, whatever the number of lanes.
#ifndef HLSQ_REGISTERS

template <class T, int STEPS, int LANES> class registers {
    T value[STEPS * LANES];

  public:
    T &operator[](int slot) { return value[slot]; }
    const T &operator[](int slot) const { return value[slot]; }
    T select(int step, int lane) const { return value[step * LANES + lane]; }
};

#else

// Several arrays where one would be too large: parts of the lanes, or of the steps of a single lane.
template <class T, int STEPS, int LANES, bool WHOLE = (STEPS * LANES <= HLSQ_MOST_REGISTERS), bool SINGLE = (LANES == 1)>
class registers {
    T value[STEPS][LANES];

  public:
    registers() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = value complete dim = 0
    }
    // A slot is known when the hardware is made: step * LANES + lane.
    T &operator[](int slot) {
#pragma HLS INLINE
        return value[slot / LANES][slot % LANES];
    }
    const T &operator[](int slot) const {
#pragma HLS INLINE
        return value[slot / LANES][slot % LANES];
    }
    // Only the step may vary.
    T select(int step, int lane) const {
#pragma HLS INLINE
        return value[step][lane];
    }
};

template <class T, int STEPS, int LANES> class registers<T, STEPS, LANES, false, false> {
    static const int left = (LANES + 1) / 2;
    static const int right = LANES - left;
    registers<T, STEPS, left> first;
    registers<T, STEPS, right> second;

  public:
    T &operator[](int slot) {
#pragma HLS INLINE
        const int step = slot / LANES, lane = slot % LANES;
        return lane < left ? first[step * left + lane] : second[step * right + lane - left];
    }
    const T &operator[](int slot) const {
#pragma HLS INLINE
        const int step = slot / LANES, lane = slot % LANES;
        return lane < left ? first[step * left + lane] : second[step * right + lane - left];
    }
    T select(int step, int lane) const {
#pragma HLS INLINE
        return lane < left ? first.select(step, lane) : second.select(step, lane - left);
    }
};

// The first part has a power of two steps, so that the rest of a step's bits select in either.
template <class T, int STEPS> class registers<T, STEPS, 1, false, true> {
    static const int low = 1 << (bits_of(STEPS - 1) - 1);
    registers<T, low, 1> first;
    registers<T, STEPS - low, 1> second;

  public:
    T &operator[](int slot) {
#pragma HLS INLINE
        return slot < low ? first[slot] : second[slot - low];
    }
    const T &operator[](int slot) const {
#pragma HLS INLINE
        return slot < low ? first[slot] : second[slot - low];
    }
    T select(int step, int lane) const {
#pragma HLS INLINE
        return step < low ? first.select(step & (low - 1), lane) : second.select(step & (low - 1), lane);
    }
};

#endif

} // namespace hlsq

#endif
