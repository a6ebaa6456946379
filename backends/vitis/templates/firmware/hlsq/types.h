#ifndef HLSQ_TYPES_H_
#define HLSQ_TYPES_H_

// Integer types of an exact width.
//
// Synthesis, and any build without HLSQ_NATIVE_INT, uses ap_int and ap_uint. With HLSQ_NATIVE_INT the C simulation
// uses the smallest machine integer that holds the width; both give the same values because interval analysis has
// shown every width to be sufficient.

#ifdef HLSQ_NATIVE_INT
#ifdef __SYNTHESIS__
#error "HLSQ_NATIVE_INT is for C simulation only"
#endif
#include <cstdint>
namespace hlsq {

template <int BYTES> struct native;
template <> struct native<1> {
    typedef std::int8_t s;
    typedef std::uint8_t u;
};
template <> struct native<2> {
    typedef std::int16_t s;
    typedef std::uint16_t u;
};
template <> struct native<4> {
    typedef std::int32_t s;
    typedef std::uint32_t u;
};
template <> struct native<8> {
    typedef std::int64_t s;
    typedef std::uint64_t u;
};

constexpr int native_bytes(int width) {
    return width <= 8 ? 1 : width <= 16 ? 2 : width <= 32 ? 4 : 8;
}

template <int W> using sint = typename native<native_bytes(W)>::s;
template <int W> using uint = typename native<native_bytes(W)>::u;

// The number of type WEIGHT, signed or not, that is stored in W bits. The bits above them take the sign's value.
template <int W, class WEIGHT, class CODE> inline WEIGHT from_code(CODE code) {
    const int above = 8 * sizeof(WEIGHT) - W;
    return WEIGHT(WEIGHT(std::uint64_t(code) << above) >> above);
}

// Machine integers must be widened before they are multiplied.
template <class P, class A, class B> inline P multiply(A a, B b) {
    return P(a) * P(b);
}

} // namespace hlsq
#else
#include "ap_int.h"
namespace hlsq {

template <int W> using sint = ap_int<W>;
template <int W> using uint = ap_uint<W>;

// A number of W bits and its code are the same bits.
template <int W, class WEIGHT, class CODE> inline WEIGHT from_code(CODE code) {
#pragma HLS INLINE
    return WEIGHT(code);
}

// ap_int products have the sum of their operands' widths, so the operands keep theirs.
template <class P, class A, class B> inline P multiply(A a, B b) {
#pragma HLS INLINE
    return P(a * b);
}

} // namespace hlsq
#endif

#include "hls_stream.h"

// Where the arrays between blocks lie. Synthesis makes registers of them; in C simulation they may be too large for a
// stack, and each thread has its own, so that several can simulate at once.
#ifdef __SYNTHESIS__
#define HLSQ_STORAGE
#else
#define HLSQ_STORAGE static thread_local
#endif

namespace hlsq {

// What one stream transfer carries: the channels of one position of a feature map.
template <class T, int N> struct packet {
    typedef T value_type;
    static const int size = N;
    T data[N];
    T &operator[](int i) { return data[i]; }
    const T &operator[](int i) const { return data[i]; }
};

} // namespace hlsq

#endif
