#ifndef HLSQ_FOLDED_BACKGROUND_H_
#define HLSQ_FOLDED_BACKGROUND_H_

// What goes on beside the loops of an instruction: nothing, or loading what the next one computes with.

#include "../types.h"

namespace hlsq {
namespace folded {

// Where all constants are in memories of their own.
struct nothing_to_load {
    void next_word() {
#pragma HLS INLINE
    }

    template <class BANK> void beside(int, BANK) {
#pragma HLS INLINE
    }

    // Whether an instruction has to go on until all has come.
    bool holds() const {
#pragma HLS INLINE
        return false;
    }
};

// A whole image in one burst. Its first two words say how many instructions and how many words follow.
inline void fetch_image(const uint<64> *memory, hls::stream<uint<64>> &words) {
    const int count = 2 + int(memory[1]);
WORDS:
    for (int i = 0; i < count; i++) {
#pragma HLS PIPELINE II = 1
        words.write(memory[i]);
    }
}

} // namespace folded
} // namespace hlsq

#endif
