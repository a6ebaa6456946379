#ifndef HLSQ_DENSE_H_
#define HLSQ_DENSE_H_

#include "mac.h"

namespace hlsq {

// The input vector of a fully connected layer. Its packets are taken one after the other while the first output group
// sums them, and cut into what the PEs see in one step; the later groups read the same from a memory.
template <class CONFIG> class vector_taps {
    typedef typename CONFIG::tap_t tap_t;
    tap_t packet[CONFIG::packet_steps * CONFIG::tap_block];
    tap_t kept[CONFIG::tap_steps][CONFIG::tap_block];
    tap_t now[CONFIG::tap_block];
    counter<0, CONFIG::packet_steps> part; // of the packet

  public:
    vector_taps() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = packet complete dim = 0
#pragma HLS ARRAY_PARTITION variable = now complete dim = 0
#pragma HLS ARRAY_RESHAPE variable = kept complete dim = 2
        for (int t = 0; t < CONFIG::packet_steps * CONFIG::tap_block; t++) {
#pragma HLS UNROLL
            packet[t] = 0;
        }
        part = 0;
    }

    // Brings the taps of `step` to the front of the PEs.
    template <class IN, class SOURCE> void take(SOURCE &input, int step, bool first_group) {
#pragma HLS INLINE
        if (first_group) {
            if (part == 0) {
                const IN in = input.read();
                for (int c = 0; c < IN::size; c++) {
#pragma HLS UNROLL
                    packet[c] = CONFIG::load(in[c]);
                }
                // Taps of idle PEs.
                for (int t = IN::size; t < CONFIG::packet_steps * CONFIG::tap_block; t++) {
#pragma HLS UNROLL
                    packet[t] = 0;
                }
            }
            part = after<CONFIG::packet_steps>(part);
        }
        for (int t = 0; t < CONFIG::tap_block; t++) {
#pragma HLS UNROLL
            now[t] = first_group ? packet[t] : kept[step][t];
            if (first_group && CONFIG::output_steps > 1)
                kept[step][t] = packet[t];
        }
        for (int t = 0; t + CONFIG::tap_block < CONFIG::packet_steps * CONFIG::tap_block; t++) {
#pragma HLS UNROLL
            packet[t] = packet[t + CONFIG::tap_block];
        }
    }

    const tap_t &operator()(int t, int) const {
#pragma HLS INLINE
        return now[t];
    }
    template <int TAPS> void next_taps() {}
    template <int CHANNELS> void next_channels() {}
};

// Fully connected layer in a single pipelined loop over its steps.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK> void dense(SOURCE &input, SINK &output) {
#pragma HLS INLINE
    vector_taps<CONFIG> vector;
    mac<CONFIG> pes;

    hlsq::loop_count counted(CONFIG::number);
STEPS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        vector.template take<IN>(input, pes.at_step(), pes.in_first_group());
        OUT out;
        if (pes.run(vector, out))
            output.write(out);
    }
}

} // namespace hlsq

#endif
