#ifndef HLSQ_CONVOLUTION_H_
#define HLSQ_CONVOLUTION_H_

#include "mac.h"
#include "window.h"
#include "words.h"

namespace hlsq {

// Convolution and depthwise convolution in a single pipelined loop: an iteration either takes one position of the map or
// is a step of the PEs, and the first step of an output takes the position that completes its window. A window that is held
// in a memory takes a position where none ends word by word, in rows where windows end: no other row is seen again.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK, class LINES, class MEMORY>
void convolve(SOURCE &input, SINK &output, LINES &lines, MEMORY &memory) {
#pragma HLS INLINE
    moving_window<CONFIG> map;
    mac<CONFIG> pes;
    counter<0, CONFIG::window_words> passed = 0; // words
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
        const bool ends = map.at.at_output();
        const int word = ends ? pes.at_front() : int(passed);
        if (pes.at_start() && passed == 0) {
            IN in;
            if (map.at.inside() && !arriving.take(input, in))
                continue;
            map.take(in, lines);
            seen.take_first(map.window);
        } else {
            seen.select(map.window, word);
        }
        seen.look_back(memory, word, map.at.at_row_start(), map.at.in_output_row() && (!ends || pes.at_last_view()));
        if (ends) {
            OUT out;
            if (pes.run(seen.of(map.window), out)) {
                leaving.put(out, output);
                map.at.next();
            }
        } else {
            if (map.at.in_output_row())
                passed = after<CONFIG::window_words>(passed);
            if (passed == 0)
                map.at.next();
        }
    }
}

} // namespace hlsq

#endif
