#ifndef HLSQ_ROM_H_
#define HLSQ_ROM_H_

#include "types.h"

namespace hlsq {

// One row of packed weight codes feeds all PEs of one step. CONFIG has word(row, index), code_bits, codes_per_word,
// rows and columns (codes in a row).
template <class CONFIG> inline typename CONFIG::code_t unpack(int row, int column) {
#pragma HLS INLINE
    const typename CONFIG::word_t word = CONFIG::word(row, column / CONFIG::codes_per_word);
    const int position = (column % CONFIG::codes_per_word) * CONFIG::code_bits;
    return typename CONFIG::code_t((word >> position) & CONFIG::code_mask);
}

#ifdef __SYNTHESIS__

template <class CONFIG> struct rom {
    typename CONFIG::code_t operator()(int row, int column) const {
#pragma HLS INLINE
        return unpack<CONFIG>(row, column);
    }
};

#else

// Unpacking is wiring in hardware but work in simulation, so each code is unpacked once, by the same function.
template <class CONFIG> struct unpacked {
    typename CONFIG::code_t codes[CONFIG::rows * CONFIG::columns];
    unpacked() {
        for (int row = 0; row < CONFIG::rows; row++)
            for (int column = 0; column < CONFIG::columns; column++)
                codes[row * CONFIG::columns + column] = unpack<CONFIG>(row, column);
    }
};

template <class CONFIG> struct rom {
    typedef typename CONFIG::code_t code_t;
    const code_t *codes;
    rom() {
        static const unpacked<CONFIG> all; // threads that come here at once wait for the first
        codes = all.codes;
    }
    const code_t &operator()(int row, int column) const { return codes[row * CONFIG::columns + column]; }
};

#endif

} // namespace hlsq

#endif
