#ifndef HLSQ_DENSE_H_
#define HLSQ_DENSE_H_

#include "mac.h"
#include "memory.h"
#include "words.h"

namespace hlsq {

// The input vector of a fully connected layer. It is taken word by word while the first output group sums them, and cut
// into what the PEs see in one step; the later groups read the same from a memory.
template <class CONFIG> class vector_taps {
    typedef typename CONFIG::tap_t tap_t;
    static const int slots = CONFIG::word_steps * CONFIG::tap_block;
    tap_t word[slots];
    tap_t now[CONFIG::tap_block];
    counter<0, CONFIG::word_steps> part; // of the word
    counter<0, CONFIG::packet_words> place; // of the word in its packet

  public:
    vector_taps() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = word complete dim = 0
#pragma HLS ARRAY_PARTITION variable = now complete dim = 0
        for (int t = 0; t < slots; t++) {
#pragma HLS UNROLL
            word[t] = 0;
        }
        part = 0;
        place = 0;
    }

    // Brings the taps of `step` to the front of the PEs.
    template <class IN, class SOURCE, class MEMORY>
    void take(SOURCE &input, MEMORY &kept, int step, bool first_group) {
#pragma HLS INLINE
        if (first_group) {
            if (part == 0) {
                const IN in = input.read();
                // The last word of a packet may be filled up.
                const int filled = place == CONFIG::packet_words - 1 ? CONFIG::last_word : int(IN::size);
                for (int c = 0; c < IN::size; c++) {
#pragma HLS UNROLL
                    word[c] = c < filled ? tap_t(CONFIG::load(in[c])) : tap_t(0);
                }
                place = after<CONFIG::packet_words>(place);
                // Taps of idle PEs.
                for (int t = IN::size; t < slots; t++) {
#pragma HLS UNROLL
                    word[t] = 0;
                }
            }
            part = after<CONFIG::word_steps>(part);
        }
        tap_t again[CONFIG::tap_block]; // nobody looks at it before the second group
#pragma HLS ARRAY_PARTITION variable = again complete dim = 0
        if (CONFIG::output_steps > 1)
            fetch<CONFIG::tap_block>(kept, step, again);
        for (int t = 0; t < CONFIG::tap_block; t++) {
#pragma HLS UNROLL
            now[t] = CONFIG::output_steps == 1 || first_group ? word[t] : again[t];
        }
        if (CONFIG::output_steps > 1 && first_group)
            store<CONFIG::tap_block>(kept, step, now);
        for (int t = 0; t + CONFIG::tap_block < slots; t++) {
#pragma HLS UNROLL
            word[t] = word[t + CONFIG::tap_block];
        }
    }

    const tap_t &operator()(int t, int) const {
#pragma HLS INLINE
        return now[t];
    }
    template <int TAPS> void next_taps() {
#pragma HLS INLINE
    }
    template <int CHANNELS> void next_channels() {
#pragma HLS INLINE
    }
};

// Fully connected layer in a single pipelined loop over its steps.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK, class MEMORY>
void dense(SOURCE &input, SINK &output, MEMORY &kept) {
#pragma HLS INLINE
    vector_taps<CONFIG> vector;
    mac<CONFIG> pes;
    sent<OUT, SINK> leaving;

    hlsq::loop_count counted(CONFIG::number);
STEPS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        if (leaving.send(output))
            continue;
        vector.template take<IN>(input, kept, pes.at_step(), pes.in_first_group());
        OUT out;
        if (pes.run(vector, out))
            leaving.put(out, output);
    }
}

} // namespace hlsq

#endif
