#ifndef HLSQ_WINDOW_H_
#define HLSQ_WINDOW_H_

#include "types.h"

namespace hlsq {

template <class CONFIG> struct window_size_of {
    static const int span_height = (CONFIG::kernel_height - 1) * CONFIG::dilation_height + 1;
    static const int span_width = (CONFIG::kernel_width - 1) * CONFIG::dilation_width + 1;
    static const int rows = CONFIG::in_height + CONFIG::pad_top + CONFIG::pad_bottom;
    static const int columns = CONFIG::in_width + CONFIG::pad_left + CONFIG::pad_right;
    static const int lines = span_height > 1 ? span_height - 1 : 1;
};

// One position of the padded map: takes it into the line buffer and, where a window ends here, computes an output.
template <class CONFIG, class COMPUTE, class IN, class OUT, class TAP>
inline void slide_position(hls::stream<IN> &input, hls::stream<OUT> &output, int row, int column, int oldest,
                           TAP line[window_size_of<CONFIG>::lines][window_size_of<CONFIG>::columns][CONFIG::channels],
                           TAP past[CONFIG::kernel_height][window_size_of<CONFIG>::span_width][CONFIG::channels],
                           TAP window[CONFIG::window_size]) {
#pragma HLS INLINE
    typedef window_size_of<CONFIG> size;
    const bool inside = row >= CONFIG::pad_top && row < CONFIG::pad_top + CONFIG::in_height &&
                        column >= CONFIG::pad_left && column < CONFIG::pad_left + CONFIG::in_width;
    IN in;
    if (inside)
        in = input.read();

    for (int k = 0; k < CONFIG::kernel_height; k++) {
#pragma HLS UNROLL
        for (int j = 0; j + 1 < size::span_width; j++) {
#pragma HLS UNROLL
            for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
                past[k][j][c] = past[k][j + 1][c];
            }
        }
    }
    for (int k = 0; k + 1 < CONFIG::kernel_height; k++) {
#pragma HLS UNROLL
        int from = oldest + k * CONFIG::dilation_height;
        if (from >= size::lines)
            from -= size::lines;
        for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
            past[k][size::span_width - 1][c] = line[from][column][c];
        }
    }
    for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
        const TAP value = inside ? CONFIG::load(in[c]) : TAP(CONFIG::pad_value);
        past[CONFIG::kernel_height - 1][size::span_width - 1][c] = value;
        if (size::span_height > 1)
            line[oldest][column][c] = value;
    }

    const int top = row - (size::span_height - 1);
    const int left = column - (size::span_width - 1);
    if (top >= 0 && left >= 0 && top % CONFIG::stride_height == 0 && left % CONFIG::stride_width == 0) {
        for (int k = 0; k < CONFIG::kernel_height; k++) {
#pragma HLS UNROLL
            for (int j = 0; j < CONFIG::kernel_width; j++) {
#pragma HLS UNROLL
                for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
                    window[(k * CONFIG::kernel_width + j) * CONFIG::channels + c] =
                        past[k][j * CONFIG::dilation_width][c];
                }
            }
        }
        OUT out;
        COMPUTE::run(window, top / CONFIG::stride_height, left / CONFIG::stride_width, out.data);
        output.write(out);
    }
}

// Slides a window over a streamed feature map and calls COMPUTE::run(window, out_row, out_column) with the taps
// [kernel_height][kernel_width][channels] of every position, in row-major order. Earlier rows wait in a line buffer.
// With a reuse factor of 1 a position takes one cycle; else the steps of the MAC array are what is pipelined.
template <class CONFIG, class COMPUTE, class IN, class OUT>
void slide(hls::stream<IN> &input, hls::stream<OUT> &output) {
    typedef typename CONFIG::tap_t tap_t;
    typedef window_size_of<CONFIG> size;

    tap_t line[size::lines][size::columns][CONFIG::channels];
#pragma HLS ARRAY_PARTITION variable = line complete dim = 1
#pragma HLS ARRAY_RESHAPE variable = line complete dim = 3
    tap_t past[CONFIG::kernel_height][size::span_width][CONFIG::channels];
#pragma HLS ARRAY_PARTITION variable = past complete dim = 0
    tap_t window[CONFIG::window_size];
#pragma HLS ARRAY_PARTITION variable = window complete dim = 0

CLEAR:
    for (int i = 0; i < CONFIG::window_size; i++) {
#pragma HLS UNROLL
        window[i] = 0;
    }

    int oldest = 0; // line that holds the row span_height - 1 above, and takes the current one
ROWS:
    for (int row = 0; row < size::rows; row++) {
        if (CONFIG::reuse_factor == 1) {
        PIPELINED_COLUMNS:
            for (int column = 0; column < size::columns; column++) {
#pragma HLS PIPELINE II = 1
                slide_position<CONFIG, COMPUTE>(input, output, row, column, oldest, line, past, window);
            }
        } else {
        COLUMNS:
            for (int column = 0; column < size::columns; column++)
                slide_position<CONFIG, COMPUTE>(input, output, row, column, oldest, line, past, window);
        }
        oldest = oldest + 1 == size::lines ? 0 : oldest + 1;
    }
}

// The same for a feature map that lies in an array.
template <class CONFIG, class COMPUTE, class IN, class OUT>
void slide(const IN input[CONFIG::in_height * CONFIG::in_width * CONFIG::channels], OUT *output) {
#pragma HLS INLINE
    typedef typename CONFIG::tap_t tap_t;
    tap_t window[CONFIG::window_size];
#pragma HLS ARRAY_PARTITION variable = window complete dim = 0
CLEAR:
    for (int i = 0; i < CONFIG::window_size; i++) {
#pragma HLS UNROLL
        window[i] = 0;
    }
ROWS:
    for (int row = 0; row < CONFIG::out_height; row++) {
    COLUMNS:
        for (int column = 0; column < CONFIG::out_width; column++) {
            for (int k = 0; k < CONFIG::kernel_height; k++) {
                for (int j = 0; j < CONFIG::kernel_width; j++) {
                    const int y = row * CONFIG::stride_height - CONFIG::pad_top + k * CONFIG::dilation_height;
                    const int x = column * CONFIG::stride_width - CONFIG::pad_left + j * CONFIG::dilation_width;
                    const bool inside = y >= 0 && y < CONFIG::in_height && x >= 0 && x < CONFIG::in_width;
                    for (int c = 0; c < CONFIG::channels; c++) {
                        window[(k * CONFIG::kernel_width + j) * CONFIG::channels + c] =
                            inside ? CONFIG::load(input[(y * CONFIG::in_width + x) * CONFIG::channels + c])
                                   : tap_t(CONFIG::pad_value);
                    }
                }
            }
            COMPUTE::run(window, row, column, output + (row * CONFIG::out_width + column) * CONFIG::out_channels);
        }
    }
}

} // namespace hlsq

#endif
