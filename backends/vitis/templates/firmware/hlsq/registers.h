#ifndef HLSQ_REGISTERS_H_
#define HLSQ_REGISTERS_H_

#include "types.h"

// Tools take an array apart into registers only up to this size.
#ifndef HLSQ_MOST_REGISTERS
#define HLSQ_MOST_REGISTERS 1024
#endif

namespace hlsq {

// COUNT values in registers: several arrays where one would be too large. In simulation it is always one.
template <class T, int COUNT, bool WHOLE = (COUNT <= HLSQ_MOST_REGISTERS)> class registers {
    T value[COUNT];

  public:
    registers() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = value complete dim = 0
    }
    T &operator[](int i) {
#pragma HLS INLINE
        return value[i];
    }
    const T &operator[](int i) const {
#pragma HLS INLINE
        return value[i];
    }
};

#ifdef HLSQ_REGISTERS
template <class T, int COUNT> class registers<T, COUNT, false> {
    static const int half = (COUNT + 1) / 2;
    registers<T, half> first;
    registers<T, COUNT - half> second;

  public:
    T &operator[](int i) {
#pragma HLS INLINE
        return i < half ? first[i] : second[i - half];
    }
    const T &operator[](int i) const {
#pragma HLS INLINE
        return i < half ? first[i] : second[i - half];
    }
};
#endif

} // namespace hlsq

#endif
