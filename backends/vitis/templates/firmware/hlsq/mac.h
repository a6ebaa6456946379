#ifndef HLSQ_MAC_H_
#define HLSQ_MAC_H_

#include "rom.h"

namespace hlsq {

// An array of tap_block * output_block PEs that computes all outputs of one position in tap_steps * output_steps
// cycles (their product is the reuse factor). x holds the taps; output o of a depthwise convolution sees only the
// taps of its own channel, o / multiplier.
template <class CONFIG>
inline void mac_array(const typename CONFIG::tap_t x[CONFIG::tap_steps * CONFIG::tap_block * CONFIG::tap_stride],
                      typename CONFIG::sum_t sums[CONFIG::output_steps * CONFIG::output_block]) {
#pragma HLS INLINE
    const rom<CONFIG> codes;
INIT:
    for (int o = 0; o < CONFIG::output_steps * CONFIG::output_block; o++) {
#pragma HLS UNROLL
        sums[o] = 0;
    }
TAPS:
    for (int step = 0; step < CONFIG::tap_steps; step++) {
    OUTPUTS:
        for (int group = 0; group < CONFIG::output_steps; group++) {
#pragma HLS PIPELINE II = 1
            const int row = step * CONFIG::output_steps + group;
            for (int t = 0; t < CONFIG::tap_block; t++) {
#pragma HLS UNROLL
                for (int o = 0; o < CONFIG::output_block; o++) {
#pragma HLS UNROLL
                    const int output = group * CONFIG::output_block + o;
                    const int tap = (step * CONFIG::tap_block + t) * CONFIG::tap_stride + CONFIG::channel(output);
                    const typename CONFIG::sum_t product =
                        CONFIG::pe::apply(x[tap], codes(row, t * CONFIG::output_block + o));
#pragma HLS BIND_OP variable = sums op = add impl = fabric
                    sums[output] += product;
                }
            }
        }
    }
}

} // namespace hlsq

#endif
