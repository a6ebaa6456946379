#ifndef HLSQ_DENSE_H_
#define HLSQ_DENSE_H_

#include "mac.h"

namespace hlsq {

template <class CONFIG, class OUT>
inline void dense_vector(const typename CONFIG::tap_t taps[CONFIG::window_size], OUT *out) {
#pragma HLS INLINE
    typename CONFIG::sum_t sums[CONFIG::output_steps * CONFIG::output_block];
#pragma HLS ARRAY_PARTITION variable = sums complete dim = 0
    mac_array<CONFIG>(taps, sums);
    for (int o = 0; o < CONFIG::out_channels; o++) {
#pragma HLS UNROLL
        out[o] = CONFIG::finish(sums[o], o);
    }
}

// Fully connected layer on a stream whose packets, in order, make up the input vector.
template <class CONFIG, class IN, class OUT> void dense(hls::stream<IN> &input, hls::stream<OUT> &output) {
    typename CONFIG::tap_t taps[CONFIG::window_size];
#pragma HLS ARRAY_PARTITION variable = taps complete dim = 0
    for (int i = CONFIG::in_size; i < CONFIG::window_size; i++)
        taps[i] = 0;
READ:
    for (int i = 0; i < CONFIG::in_size / IN::size; i++) {
#pragma HLS PIPELINE II = 1
        const IN in = input.read();
        for (int c = 0; c < IN::size; c++) {
#pragma HLS UNROLL
            taps[i * IN::size + c] = CONFIG::load(in[c]);
        }
    }
    OUT out;
    dense_vector<CONFIG>(taps, out.data);
    output.write(out);
}

// The same on arrays.
template <class CONFIG, class IN, class OUT> void dense(const IN input[CONFIG::in_size], OUT *output) {
#pragma HLS INLINE
    typename CONFIG::tap_t taps[CONFIG::window_size];
#pragma HLS ARRAY_PARTITION variable = taps complete dim = 0
    for (int i = 0; i < CONFIG::window_size; i++)
        taps[i] = i < CONFIG::in_size ? CONFIG::load(input[i < CONFIG::in_size ? i : 0]) : typename CONFIG::tap_t(0);
    dense_vector<CONFIG>(taps, output);
}

} // namespace hlsq

#endif
