#ifndef HLSQ_CONVOLUTION_H_
#define HLSQ_CONVOLUTION_H_

#include "mac.h"
#include "window.h"

namespace hlsq {

// Convolution and depthwise convolution: a MAC array over the taps of every window.
template <class CONFIG> struct convolve {
    template <class OUT>
    static void run(const typename CONFIG::tap_t window[CONFIG::window_size], int, int, OUT *out) {
#pragma HLS INLINE
        typename CONFIG::sum_t sums[CONFIG::output_steps * CONFIG::output_block];
#pragma HLS ARRAY_PARTITION variable = sums complete dim = 0
        mac_array<CONFIG>(window, sums);
        for (int c = 0; c < CONFIG::out_channels; c++) {
#pragma HLS UNROLL
            out[c] = CONFIG::finish(sums[c], c);
        }
    }
};

} // namespace hlsq

#endif
