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

// Unsigned, as wide as P at least, and not narrower than what an expression would widen to a signed type.
template <class P> using bits_of_type = typename native<(sizeof(P) < 4 ? 4 : sizeof(P))>::u;

// Machine integers must be widened before they are multiplied.
template <class P, class A, class B> inline P full_product(A a, B b) {
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

template <class P> using bits_of_type = ap_uint<P::width>;

// ap_int products have the sum of their operands' widths, so the operands keep theirs.
template <class P, class A, class B> inline P full_product(A a, B b) {
#pragma HLS INLINE
    return P(a * b);
}

} // namespace hlsq
#endif

#include "count.h"
#include "hls_stream.h"

// Where the arrays between blocks lie. Synthesis makes registers of them; in C simulation they may be too large for a
// stack, and each thread has its own, so that several can simulate at once.
#ifdef __SYNTHESIS__
#define HLSQ_STORAGE
#else
#define HLSQ_STORAGE static thread_local
#endif

// Registers whose values move, instead of places that are looked up: always in synthesis. In simulation it is slower and
// computes the same, which shows that they move as they should.
#if defined(__SYNTHESIS__) && !defined(HLSQ_REGISTERS)
#define HLSQ_REGISTERS
#endif

namespace hlsq {

// Where a multiplication takes place: as synthesis likes it, in a DSP block, or in fabric.
struct anywhere {
    template <class P, class A, class B> static P product(A a, B b) {
#pragma HLS INLINE
        return full_product<P>(a, b);
    }
};
struct in_dsp {
    template <class P, class A, class B> static P product(A a, B b) {
#pragma HLS INLINE
        P result;
#pragma HLS BIND_OP variable = result op = mul impl = dsp
        result = full_product<P>(a, b);
        return result;
    }
};
struct in_fabric {
    template <class P, class A, class B> static P product(A a, B b) {
#pragma HLS INLINE
        P result;
#pragma HLS BIND_OP variable = result op = mul impl = fabric
        result = full_product<P>(a, b);
        return result;
    }
};

template <class P, class WHERE = anywhere, class A, class B> inline P multiply(A a, B b) {
#pragma HLS INLINE
    return WHERE::template product<P>(a, b);
}

// value * 2^by in type P. The amount is unsigned, so that it takes a shifter of one direction; the value's bits are what
// is shifted, because C++ defines no left shift of a negative machine integer.
template <class P, class V, class SHIFT> inline P shift_left(V value, SHIFT by) {
#pragma HLS INLINE
    return P(bits_of_type<P>(P(value)) << by);
}

constexpr int bits_of(long long value) {
    return value == 0 ? 0 : 1 + bits_of(value / 2);
}

// The narrowest type for a count from LOW to HIGH.
template <int LOW, int HIGH, bool SIGNED = (LOW < 0)> struct counter_of {
    typedef uint<bits_of(HIGH) == 0 ? 1 : bits_of(HIGH)> type;
};
template <int LOW, int HIGH> struct counter_of<LOW, HIGH, true> {
    typedef sint<1 + (bits_of(HIGH) > bits_of(-(LOW + 1)) ? bits_of(HIGH) : bits_of(-(LOW + 1)))> type;
};
template <int LOW, int HIGH> using counter = typename counter_of<LOW, HIGH>::type;

// What comes after `count` of those that go from 0 to END - 1 and then begin anew.
template <int END, class COUNTER> inline COUNTER after(COUNTER count) {
#pragma HLS INLINE
    return count == END - 1 ? COUNTER(0) : COUNTER(count + 1);
}

constexpr int at_least_one(int value) {
    return value < 1 ? 1 : value;
}

// The channels of one position of a feature map: what one transfer of a stream carries, and one word of a memory holds.
template <class T, int N> struct packet {
    typedef T value_type;
    static const int size = N;
    T data[N];
    T &operator[](int i) { return data[i]; }
    const T &operator[](int i) const { return data[i]; }
};

// A map in an array as a source or sink of its words, in order. A vector of one word is no array.
template <class P, int POSITIONS> class array_reader {
    const P *packets;
    counter<0, POSITIONS> position;

  public:
    array_reader(const P *array) : packets(array), position(0) {
#pragma HLS INLINE
    }
    P read() {
#pragma HLS INLINE
        const int at = position;
        position++;
        return packets[at];
    }
};

template <class P> class array_reader<P, 1> {
    const P &packet;

  public:
    array_reader(const P &vector) : packet(vector) {
#pragma HLS INLINE
    }
    P read() {
#pragma HLS INLINE
        return packet;
    }
};

template <class P, int POSITIONS> class array_writer {
    P *packets;
    counter<0, POSITIONS> position;

  public:
    array_writer(P *array) : packets(array), position(0) {
#pragma HLS INLINE
    }
    void write(const P &given) {
#pragma HLS INLINE
        packets[int(position)] = given;
        position++;
    }
};

template <class P> class array_writer<P, 1> {
    P &packet;

  public:
    array_writer(P &vector) : packet(vector) {
#pragma HLS INLINE
    }
    void write(const P &given) {
#pragma HLS INLINE
        packet = given;
    }
};

} // namespace hlsq

#endif
