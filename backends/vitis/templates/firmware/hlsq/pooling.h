#ifndef HLSQ_POOLING_H_
#define HLSQ_POOLING_H_

#include "window.h"

namespace hlsq {

// Largest value of every window.
template <class CONFIG> struct largest {
    template <class OUT>
    static void run(const typename CONFIG::tap_t window[CONFIG::window_size], int, int, OUT *out) {
#pragma HLS INLINE
        for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
            typename CONFIG::tap_t best = window[c];
            for (int t = 1; t < CONFIG::kernel_height * CONFIG::kernel_width; t++) {
#pragma HLS UNROLL
                const typename CONFIG::tap_t other = window[t * CONFIG::channels + c];
                best = other > best ? other : best;
            }
            out[c] = OUT(best);
        }
    }
};

// Sum of every window; CONFIG::weight corrects windows that overhang the border, finish() divides.
template <class CONFIG> struct average {
    template <class OUT>
    static void run(const typename CONFIG::tap_t window[CONFIG::window_size], int row, int column, OUT *out) {
#pragma HLS INLINE
        for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
            typename CONFIG::sum_t sum = 0;
            for (int t = 0; t < CONFIG::kernel_height * CONFIG::kernel_width; t++) {
#pragma HLS UNROLL
                sum += window[t * CONFIG::channels + c];
            }
            out[c] = CONFIG::finish(CONFIG::weigh(sum, row, column), c);
        }
    }
};

// Maximum over a whole streamed map, one register per channel.
template <class CONFIG, class IN, class OUT> void global_largest(hls::stream<IN> &input, hls::stream<OUT> &output) {
    OUT out;
#pragma HLS ARRAY_PARTITION variable = out.data complete
READ:
    for (int i = 0; i < CONFIG::in_height * CONFIG::in_width; i++) {
#pragma HLS PIPELINE II = 1
        const IN in = input.read();
        for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
            out[c] = i == 0 || in[c] > out[c] ? in[c] : out[c];
        }
    }
    output.write(out);
}

// Mean over a whole streamed map, one accumulator per channel.
template <class CONFIG, class IN, class OUT> void global_average(hls::stream<IN> &input, hls::stream<OUT> &output) {
    typename CONFIG::sum_t sums[CONFIG::channels];
#pragma HLS ARRAY_PARTITION variable = sums complete dim = 0
    for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
        sums[c] = 0;
    }
READ:
    for (int i = 0; i < CONFIG::in_height * CONFIG::in_width; i++) {
#pragma HLS PIPELINE II = 1
        const IN in = input.read();
        for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
            sums[c] += CONFIG::load(in[c]);
        }
    }
    OUT out;
    for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
        out[c] = CONFIG::finish(sums[c], c);
    }
    output.write(out);
}

} // namespace hlsq

#endif
