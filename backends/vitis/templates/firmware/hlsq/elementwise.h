#ifndef HLSQ_ELEMENTWISE_H_
#define HLSQ_ELEMENTWISE_H_

#include "types.h"

namespace hlsq {

// One input, one output: an activation or a change of format.
template <class CONFIG, class IN, class OUT> void map(hls::stream<IN> &input, hls::stream<OUT> &output) {
POSITIONS:
    for (int i = 0; i < CONFIG::positions; i++) {
#pragma HLS PIPELINE II = 1
        const IN in = input.read();
        OUT out;
        for (int c = 0; c < IN::size; c++) {
#pragma HLS UNROLL
            out[c] = CONFIG::finish(CONFIG::load(in[c]), c);
        }
        output.write(out);
    }
}

template <class CONFIG, class IN, class OUT> void map(const IN *input, OUT *output) {
#pragma HLS INLINE
    for (int i = 0; i < CONFIG::positions; i++) {
        for (int c = 0; c < CONFIG::channels; c++)
            output[i * CONFIG::channels + c] = CONFIG::finish(CONFIG::load(input[i * CONFIG::channels + c]), c);
    }
}

// Rows and columns of one value around a map.
template <class CONFIG, class IN, class OUT> void pad(hls::stream<IN> &input, hls::stream<OUT> &output) {
ROWS:
    for (int row = 0; row < CONFIG::in_height + CONFIG::pad_top + CONFIG::pad_bottom; row++) {
    COLUMNS:
        for (int column = 0; column < CONFIG::in_width + CONFIG::pad_left + CONFIG::pad_right; column++) {
#pragma HLS PIPELINE II = 1
            const bool inside = row >= CONFIG::pad_top && row < CONFIG::pad_top + CONFIG::in_height &&
                                column >= CONFIG::pad_left && column < CONFIG::pad_left + CONFIG::in_width;
            IN in;
            if (inside)
                in = input.read();
            OUT out;
            for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
                out[c] = inside ? typename OUT::value_type(in[c]) : typename OUT::value_type(CONFIG::pad_value);
            }
            output.write(out);
        }
    }
}

template <class CONFIG, class IN, class OUT> void pad(const IN *input, OUT *output) {
#pragma HLS INLINE
    const int columns = CONFIG::in_width + CONFIG::pad_left + CONFIG::pad_right;
    for (int row = 0; row < CONFIG::in_height + CONFIG::pad_top + CONFIG::pad_bottom; row++) {
        for (int column = 0; column < columns; column++) {
            const int y = row - CONFIG::pad_top;
            const int x = column - CONFIG::pad_left;
            const bool inside = y >= 0 && y < CONFIG::in_height && x >= 0 && x < CONFIG::in_width;
            for (int c = 0; c < CONFIG::channels; c++)
                output[(row * columns + column) * CONFIG::channels + c] =
                    inside ? OUT(input[(y * CONFIG::in_width + x) * CONFIG::channels + c]) : OUT(CONFIG::pad_value);
        }
    }
}

// The same values in another array.
template <int COUNT, class T> void copy(const T *input, T *output) {
#pragma HLS INLINE
    for (int i = 0; i < COUNT; i++) {
#pragma HLS UNROLL
        output[i] = input[i];
    }
}

// Takes the packets of a tensor that nobody reads, so that whoever sends them does not wait for ever.
template <int POSITIONS, class P> void discard(hls::stream<P> &input) {
POSITIONS:
    for (int i = 0; i < POSITIONS; i++) {
#pragma HLS PIPELINE II = 1
        input.read();
    }
}

// The same values in packets of another size.
template <int COUNT, class IN, class OUT> void repack(hls::stream<IN> &input, hls::stream<OUT> &output) {
    IN in;
    OUT out;
VALUES:
    for (int i = 0; i < COUNT; i++) {
#pragma HLS PIPELINE II = 1
        if (i % IN::size == 0)
            in = input.read();
        out[i % OUT::size] = in[i % IN::size];
        if ((i + 1) % OUT::size == 0)
            output.write(out);
    }
}

template <int COUNT, class IN, class OUT> void repack(const IN *input, OUT *output) {
#pragma HLS INLINE
    for (int i = 0; i < COUNT; i++)
        output[i] = input[i];
}

} // namespace hlsq

#endif
