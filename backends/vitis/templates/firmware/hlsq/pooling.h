#ifndef HLSQ_POOLING_H_
#define HLSQ_POOLING_H_

#include "lanes.h"
#include "window.h"
#include "words.h"

namespace hlsq {

// Largest value of every window.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK, class LINES>
void largest(SOURCE &input, SINK &output, LINES &lines) {
#pragma HLS INLINE
    typedef typename CONFIG::tap_t tap_t;
    moving_window<CONFIG> map;
    gathered<IN, SOURCE> arriving;
    sent<OUT, SINK> leaving;
    hlsq::loop_count counted(CONFIG::number);
POSITIONS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        if (leaving.send(output))
            continue;
        IN in;
        if (map.at.inside() && !arriving.take(input, in))
            continue;
        map.take(in, lines);
        if (map.at.at_output()) {
            OUT out;
            for (int c = 0; c < OUT::size; c++) {
#pragma HLS UNROLL
                tap_t best = map.window(0, c);
                for (int t = 1; t < CONFIG::tap_slots; t++) {
#pragma HLS UNROLL
                    const tap_t other = map.window(t, c);
                    best = other > best ? other : best;
                }
                out[c] = typename OUT::value_type(best);
            }
            leaving.put(out, output);
        }
        map.at.next();
    }
}

// Mean of every window. CONFIG::weigh corrects windows that overhang the border, finish() divides.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK, class LINES>
void average(SOURCE &input, SINK &output, LINES &lines) {
#pragma HLS INLINE
    typedef typename CONFIG::sum_t sum_t;
    moving_window<CONFIG> map;
    output_packet<CONFIG> outputs;
    counter<0, CONFIG::out_height> row = 0;
    counter<0, CONFIG::out_width> column = 0;
    gathered<IN, SOURCE> arriving;
    sent<OUT, SINK> leaving;
    hlsq::loop_count counted(CONFIG::number);
STEPS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        if (leaving.send(output))
            continue;
        const int group = outputs.next_group();
        front<CONFIG> seen;
        if (group == 0) {
            IN in;
            if (map.at.inside() && !arriving.take(input, in))
                continue;
            map.take(in, lines);
            seen.take_first(map.window);
        } else {
            seen.select(map.window, group);
        }
        if (!map.at.at_output()) {
            map.at.next();
            continue;
        }
        typename CONFIG::value_t finished[CONFIG::output_block];
#pragma HLS ARRAY_PARTITION variable = finished complete dim = 0
        for (int o = 0; o < CONFIG::output_block; o++) {
#pragma HLS UNROLL
            sum_t sum = 0;
            for (int t = 0; t < CONFIG::tap_slots; t++) {
#pragma HLS UNROLL
                sum += seen.of(map.window)(t, o);
            }
            finished[o] = CONFIG::finish(CONFIG::weigh(sum, row, column), group, o);
        }
        OUT out;
        if (outputs.put(finished, out)) {
            leaving.put(out, output);
            map.at.next();
            column = after<CONFIG::out_width>(column);
            if (column == 0)
                row++;
        }
    }
}

// Maximum over a whole map, one register per channel.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK> void global_largest(SOURCE &input, SINK &output) {
#pragma HLS INLINE
    typename OUT::value_type best[OUT::size];
#pragma HLS ARRAY_PARTITION variable = best complete dim = 0
    counter<0, CONFIG::in_height * CONFIG::in_width> position = 0;
    gathered<IN, SOURCE> arriving;
    sent<OUT, SINK> leaving;
    hlsq::loop_count counted(CONFIG::number);
POSITIONS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        if (leaving.send(output))
            continue;
        IN in;
        if (!arriving.take(input, in))
            continue;
        for (int c = 0; c < IN::size; c++) {
#pragma HLS UNROLL
            best[c] = position == 0 || in[c] > best[c] ? in[c] : best[c];
        }
        position++;
        if (position == CONFIG::in_height * CONFIG::in_width) {
            OUT out;
            for (int c = 0; c < OUT::size; c++) {
#pragma HLS UNROLL
                out[c] = best[c];
            }
            leaving.put(out, output);
        }
    }
}

// Mean over a whole map: one accumulator per channel, and after the last position one output group an iteration.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK> void global_average(SOURCE &input, SINK &output) {
#pragma HLS INLINE
    static const int positions = CONFIG::in_height * CONFIG::in_width;
    counter<0, positions> taken = 0;
    lanes<typename CONFIG::sum_t, CONFIG::output_slots, CONFIG::output_block> sums;
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
        if (taken < positions) {
            IN in;
            if (!arriving.take(input, in))
                continue;
            taken++;
            for (int c = 0; c < IN::size; c++) {
#pragma HLS UNROLL
                sums[c] += CONFIG::load(in[c]);
            }
        }
        if (taken == positions) {
            OUT out;
            if (finish_group<CONFIG>(sums, outputs, out))
                leaving.put(out, output);
        }
    }
}

} // namespace hlsq

#endif
