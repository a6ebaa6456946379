#ifndef HLSQ_FOLDED_BITS_H_
#define HLSQ_FOLDED_BITS_H_

// Fields of instructions, and constants as wide numbers.

#include "../types.h"

namespace hlsq {
namespace folded {

// WIDTH bits from bit POSITION on, of bytes that begin with the lowest.
template <int POSITION, int WIDTH, class T, class BYTE> inline T bits_at(const BYTE *bytes) {
#pragma HLS INLINE
    uint<64> word = 0;
    for (int i = POSITION / 8; i <= (POSITION + WIDTH - 1) / 8; i++) {
#pragma HLS UNROLL
        word |= uint<64>(bytes[i]) << (8 * (i - POSITION / 8));
    }
    return from_code<WIDTH, T>(uint<WIDTH>(uint<64>(word >> (POSITION % 8)) & uint<64>((1ULL << WIDTH) - 1)));
}

// The same of words of 64 bits.
template <int POSITION, int WIDTH, class T> inline T bits_of_words(const uint<64> *words) {
#pragma HLS INLINE
    const int first = POSITION / 64, last = (POSITION + WIDTH - 1) / 64, above = POSITION % 64;
    uint<64> word = words[first] >> above;
    if (last != first)
        word |= uint<64>(words[last] << ((64 - above) % 64));
    return from_code<WIDTH, T>(uint<WIDTH>(word & uint<64>((1ULL << WIDTH) - 1)));
}

template <class T> inline long long wide_of(const T &value) {
#pragma HLS INLINE
    return (long long)value;
}

} // namespace folded
} // namespace hlsq

#endif
