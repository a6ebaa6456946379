#ifndef HLSQ_ELEMENTWISE_H_
#define HLSQ_ELEMENTWISE_H_

#include "lanes.h"
#include "words.h"

namespace hlsq {

// One input, one output: an activation or a change of format, output_block values an iteration.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK> void map(SOURCE &input, SINK &output) {
#pragma HLS INLINE
    lanes<typename CONFIG::tap_t, CONFIG::output_slots, CONFIG::output_block> values;
    output_packet<CONFIG> outputs;
    gathered<IN, SOURCE> arriving;
    sent<OUT, SINK> leaving;
    hlsq::loop_count counted(CONFIG::number);
STEPS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        if (leaving.send(output))
            continue;
        if (outputs.next_group() == 0) {
            IN in;
            if (!arriving.take(input, in))
                continue;
            for (int c = 0; c < IN::size; c++) {
#pragma HLS UNROLL
                values[c] = CONFIG::load(in[c]);
            }
        }
        OUT out;
        if (finish_group<CONFIG>(values, outputs, out))
            leaving.put(out, output);
    }
}

// Rows and columns of one value around a map.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK> void pad(SOURCE &input, SINK &output) {
#pragma HLS INLINE
    counter<0, CONFIG::pad_top + CONFIG::in_height + CONFIG::pad_bottom> row = 0;
    counter<0, CONFIG::pad_left + CONFIG::in_width + CONFIG::pad_right> column = 0;
    gathered<IN, SOURCE> arriving;
    sent<OUT, SINK> leaving;
    hlsq::loop_count counted(CONFIG::number);
POSITIONS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        if (leaving.send(output))
            continue;
        const bool inside = row >= CONFIG::pad_top && row < CONFIG::pad_top + CONFIG::in_height &&
                            column >= CONFIG::pad_left && column < CONFIG::pad_left + CONFIG::in_width;
        IN in;
        if (inside && !arriving.take(input, in))
            continue;
        OUT out;
        for (int c = 0; c < OUT::size; c++) {
#pragma HLS UNROLL
            out[c] = inside ? typename OUT::value_type(in[c]) : typename OUT::value_type(CONFIG::pad_value);
        }
        leaving.put(out, output);
        column = after<CONFIG::pad_left + CONFIG::in_width + CONFIG::pad_right>(column);
        if (column == 0)
            row++;
    }
}

// Takes the words of a tensor that nobody reads, so that whoever sends them does not wait for ever.
template <int TRANSFERS, class P> void discard(hls::stream<P> &input) {
TRANSFERS:
    for (int i = 0; i < TRANSFERS; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        input.read();
    }
}

constexpr int common_divisor(int a, int b) {
    return b == 0 ? a : common_divisor(b, a % b);
}

// The same values in packets of another size: as many an iteration as fit a whole number of times into both.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK> void repack(SOURCE &input, SINK &output) {
#pragma HLS INLINE
    static const int part = common_divisor(IN::size, OUT::size);
    typename IN::value_type in[IN::size];
#pragma HLS ARRAY_PARTITION variable = in complete dim = 0
    typename OUT::value_type out[OUT::size];
#pragma HLS ARRAY_PARTITION variable = out complete dim = 0
    counter<0, IN::size / part> taken = 0;
    counter<0, OUT::size / part> filled = 0;
    gathered<IN, SOURCE> arriving;
    sent<OUT, SINK> leaving;
    hlsq::loop_count counted(CONFIG::number);
PARTS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        if (leaving.send(output))
            continue;
        if (taken == 0) {
            IN packet;
            if (!arriving.take(input, packet))
                continue;
            for (int c = 0; c < IN::size; c++) {
#pragma HLS UNROLL
                in[c] = packet[c];
            }
        }
        for (int c = 0; c + part < OUT::size; c++) {
#pragma HLS UNROLL
            out[c] = out[c + part];
        }
        for (int c = 0; c < part; c++) {
#pragma HLS UNROLL
            out[OUT::size - part + c] = in[c];
        }
        for (int c = 0; c + part < IN::size; c++) {
#pragma HLS UNROLL
            in[c] = in[c + part];
        }
        taken = after<IN::size / part>(taken);
        filled = after<OUT::size / part>(filled);
        if (filled == 0) {
            OUT packet;
            for (int c = 0; c < OUT::size; c++) {
#pragma HLS UNROLL
                packet[c] = out[c];
            }
            leaving.put(packet, output);
        }
    }
}

} // namespace hlsq

#endif
