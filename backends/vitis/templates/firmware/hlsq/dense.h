#ifndef HLSQ_DENSE_H_
#define HLSQ_DENSE_H_

#include "mac.h"
#include "memory.h"
#include "registers.h"
#include "words.h"

namespace hlsq {

// The taps that the PEs of a fully connected layer see in one iteration.
template <class CONFIG> struct vector_front {
    typename CONFIG::tap_t now[CONFIG::tap_block];

    vector_front() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = now complete dim = 0
    }
    const typename CONFIG::tap_t &operator()(int t, int) const {
#pragma HLS INLINE
        return now[t];
    }
};

// The input vector of a fully connected layer. It is taken word by word while the first output group sums them, and cut
// into what the PEs see in one step; the later groups read the same from a memory.
template <class CONFIG> class vector_taps {
    typedef typename CONFIG::tap_t tap_t;
    static const int slots = CONFIG::word_steps * CONFIG::tap_block;
    registers<tap_t, CONFIG::word_steps, CONFIG::tap_block> word;
    counter<0, CONFIG::word_steps> part; // of the word
    counter<0, CONFIG::packet_words> place; // of the word in its packet

  public:
    vector_taps() {
#pragma HLS INLINE
        for (int t = 0; t < slots; t++) {
#pragma HLS UNROLL
            word[t] = 0;
        }
        part = 0;
        place = 0;
    }

    // What the PEs see in `step`.
    template <class IN, class SOURCE, class MEMORY>
    void take(SOURCE &input, MEMORY &kept, int step, bool first_group, vector_front<CONFIG> &seen) {
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
                for (int t = 0; t < CONFIG::tap_block; t++) {
#pragma HLS UNROLL
                    seen.now[t] = word[t];
                }
            } else {
                // As in a window (see front), from registers that hold still.
                for (int t = 0; t < CONFIG::tap_block; t++) {
#pragma HLS UNROLL
                    seen.now[t] = word.select(part, t);
                }
            }
            part = after<CONFIG::word_steps>(part);
        }
        if (CONFIG::output_steps > 1) {
            tap_t again[CONFIG::tap_block]; // nobody looks at it before the second group
#pragma HLS ARRAY_PARTITION variable = again complete dim = 0
            fetch<CONFIG::tap_block>(kept, step, again);
            if (first_group) {
                store<CONFIG::tap_block>(kept, step, seen.now);
            } else {
                for (int t = 0; t < CONFIG::tap_block; t++) {
#pragma HLS UNROLL
                    seen.now[t] = again[t];
                }
            }
        }
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
        vector_front<CONFIG> seen;
        vector.template take<IN>(input, kept, pes.at_step(), pes.in_first_group(), seen);
        OUT out;
        if (pes.run(seen, out))
            leaving.put(out, output);
    }
}

} // namespace hlsq

#endif
