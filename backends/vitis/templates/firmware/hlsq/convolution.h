#ifndef HLSQ_CONVOLUTION_H_
#define HLSQ_CONVOLUTION_H_

#include "mac.h"
#include "window.h"
#include "words.h"

namespace hlsq {

// Convolution and depthwise convolution in a single pipelined loop: an iteration either takes one position of the map or
// is a step of the PEs, and the first step of an output takes the position that completes its window.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK, class LINES>
void convolve(SOURCE &input, SINK &output, LINES &lines) {
#pragma HLS INLINE
    moving_window<CONFIG> map;
    mac<CONFIG> pes;
    gathered<IN, SOURCE> arriving;
    sent<OUT, SINK> leaving;

    hlsq::loop_count counted(CONFIG::number);
STEPS:
    for (int i = 0; i < CONFIG::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        counted.next();
        if (leaving.send(output))
            continue;
        front<CONFIG> seen;
        if (pes.at_start()) {
            IN in;
            if (map.at.inside() && !arriving.take(input, in))
                continue;
            map.take(in, lines);
            seen.take_first(map.window);
        } else {
            seen.select(map.window, pes.at_front());
        }
        if (map.at.at_output()) {
            OUT out;
            if (pes.run(seen.of(map.window), out)) {
                leaving.put(out, output);
                map.at.next();
            }
        } else {
            map.at.next();
        }
    }
}

} // namespace hlsq

#endif
