#ifndef HLSQ_WINDOWS_H_
#define HLSQ_WINDOWS_H_

#include "window.h"
#include "words.h"

namespace hlsq {

// Every window as a packet. Where windows are ends of few positions, what computes with them would wait for all others.
template <class CONFIG, class IN, class OUT, class SOURCE, class SINK, class LINES>
void send_windows(SOURCE &input, SINK &output, LINES &lines) {
#pragma HLS INLINE
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
            for (int t = 0; t < CONFIG::tap_slots; t++) {
#pragma HLS UNROLL
                for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
                    out[t * CONFIG::channels + c] = typename OUT::value_type(map.window(t, c));
                }
            }
            leaving.put(out, output);
        }
        map.at.next();
    }
}

} // namespace hlsq

#endif
