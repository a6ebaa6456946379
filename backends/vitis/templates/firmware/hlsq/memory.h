#ifndef HLSQ_MEMORY_H_
#define HLSQ_MEMORY_H_

#include "types.h"

namespace hlsq {

// A memory of SIZE values at each of PLACES. They are read and written together, so each place is one word, or several
// side by side where one would be too wide, and no part of a word is ever written. A single place is registers, which
// nothing selects.

template <int SIZE, class T, int WORD, int WORDS, int PLACES>
inline void fetch(const packet<T, WORD> (&memory)[WORDS][PLACES], int place, T values[SIZE]) {
#pragma HLS INLINE
    for (int w = 0; w < WORDS; w++) {
#pragma HLS UNROLL
        const packet<T, WORD> word = memory[w][PLACES == 1 ? 0 : place];
        for (int c = 0; c < WORD; c++) {
#pragma HLS UNROLL
            if (w * WORD + c < SIZE)
                values[w * WORD + c] = word[c];
        }
    }
}

template <int SIZE, class T, int WORD, int WORDS, int PLACES>
inline void store(packet<T, WORD> (&memory)[WORDS][PLACES], int place, const T values[SIZE]) {
#pragma HLS INLINE
    for (int w = 0; w < WORDS; w++) {
#pragma HLS UNROLL
        packet<T, WORD> word;
        for (int c = 0; c < WORD; c++) {
#pragma HLS UNROLL
            word[c] = w * WORD + c < SIZE ? values[w * WORD + c] : T(0);
        }
        memory[w][PLACES == 1 ? 0 : place] = word;
    }
}

} // namespace hlsq

#endif
