#ifndef HLSQ_FOLDED_SIDE_BY_SIDE_H_
#define HLSQ_FOLDED_SIDE_BY_SIDE_H_

// PEs are written for a type that is either one number or, in C simulation with machine integers, several side by side,
// which the processor computes at once. Flags are 0 or 1 of that type.

#include "../types.h"

#ifdef HLSQ_NATIVE_INT
#include <cstring>
#include <type_traits>
#endif

namespace hlsq {
namespace folded {

// Bit `at` as a flag.
template <class V> inline V bit_of(V value, int at) {
#pragma HLS INLINE
    return V((value >> at) & 1);
}

template <class V> inline V is_equal(V value, int other) {
#pragma HLS INLINE
    return V((value == other) & 1);
}

// `value` where the flag is 1, else 0.
template <class V> inline V where(V flag, V value) {
#pragma HLS INLINE
    return V(value & V(-flag));
}

// -value where the flag is 1: one carry chain.
template <class V> inline V negated(V flag, V value) {
#pragma HLS INLINE
    return V(V(value ^ V(-flag)) + flag);
}

// A code of `bits` bits in two's complement; the bits above it are 0. Its sign fills them, without a carry chain.
template <class V> inline V sign_extended(V code, int bits) {
#pragma HLS INLINE
    return V(code | where(bit_of(code, bits - 1), V((code & 0) - (1 << bits))));
}

// `value`, which fits a signed number of BITS bits, as one.
template <int BITS, bool SEVERAL, class V> struct narrow {
    static V apply(V value) {
#pragma HLS INLINE
        return V(sint<BITS>(value));
    }
};

template <class V, int BITS, bool SEVERAL> struct shifter {
    static V apply(V value, V amount) {
#pragma HLS INLINE
        return shift_left<V>(value, uint<BITS>(amount));
    }
};

#ifdef HLSQ_NATIVE_INT
template <class V, int BITS> struct shifter<V, BITS, true> {
    static V apply(V value, V amount) { return value << amount; }
};
template <int BITS, class V> struct narrow<BITS, true, V> {
    static V apply(V value) { return value; }
};
template <class V> struct is_several {
    static const bool value = !std::is_integral<V>::value;
};

constexpr int power_from(int count) {
    return count <= 1 ? 1 : 2 * power_from((count + 1) / 2);
}

// COUNT numbers side by side, and some more where that is no power of two.
template <class T, int COUNT> struct several {
    static const int width = power_from(COUNT);
    typedef T type __attribute__((vector_size(width * sizeof(T))));

    template <class STORED> static type load(const STORED *stored) {
        typedef STORED narrow __attribute__((vector_size(width * sizeof(STORED))));
        narrow values = {};
        std::memcpy(&values, stored, COUNT * sizeof(STORED));
        return __builtin_convertvector(values, type);
    }
};
#else
template <class V> struct is_several {
    static const bool value = false;
};
#endif

template <int BITS, class V> inline V narrowed(V value) {
#pragma HLS INLINE
    return narrow<BITS, is_several<V>::value, V>::apply(value);
}

// value * 2^amount, with an amount of BITS bits.
template <int BITS, class V> inline V shifted(V value, V amount) {
#pragma HLS INLINE
    return shifter<V, BITS, is_several<V>::value>::apply(value, amount);
}

} // namespace folded
} // namespace hlsq

#endif
