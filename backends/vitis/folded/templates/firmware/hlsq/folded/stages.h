#ifndef HLSQ_FOLDED_STAGES_H_
#define HLSQ_FOLDED_STAGES_H_

// Between the stages of a pipeline: maps for several readers, and words of other widths.

#include "../types.h"

namespace hlsq {
namespace folded {

// C simulation only: counts of a stage's instructions lie behind those of the stages before.
#ifndef __SYNTHESIS__
class counts_from {
    const int first;

  public:
    counts_from(int number) : first(number) {
        if (iteration_counts() != nullptr)
            iteration_counts() += first;
    }
    ~counts_from() {
        if (iteration_counts() != nullptr)
            iteration_counts() -= first;
    }
};
#endif

// From or to a port, where a map waits inside.
template <int TRANSFERS, class P> void pass_on(hls::stream<P> &input, hls::stream<P> &output) {
TRANSFERS:
    for (int i = 0; i < TRANSFERS; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        output.write(input.read());
    }
}

// A map for two readers.
template <int TRANSFERS, class P> void copy(hls::stream<P> &input, hls::stream<P> &first, hls::stream<P> &second) {
TRANSFERS:
    for (int i = 0; i < TRANSFERS; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        const P value = input.read();
        first.write(value);
        second.write(value);
    }
}

// The CHANNELS of each pixel in words of another width. The last word of a pixel may be filled up.
template <int PIXELS, int CHANNELS, class IN, class OUT> void repack(hls::stream<IN> &input, hls::stream<OUT> &output) {
    const int given = (CHANNELS + IN::size - 1) / IN::size, taken = (CHANNELS + OUT::size - 1) / OUT::size;
    const int cycles = given > taken ? given : taken;
    // The words of one side that are one of the other.
    const int parts = given > taken ? (OUT::size + IN::size - 1) / IN::size : (IN::size + OUT::size - 1) / OUT::size;
    IN from;
    OUT to;
    int part = 0, cycle = 0;
WORDS:
    for (int i = 0; i < PIXELS * cycles; i++) {
#pragma HLS PIPELINE II = 1 style = flp
        if (given > taken || part == 0)
            from = input.read();
        for (int c = 0; c < OUT::size; c++) {
#pragma HLS UNROLL
            if (given > taken ? c / IN::size == part : c < IN::size)
                to[c] = typename OUT::value_type(from[c % IN::size]);
            else if (given <= taken || part == 0)
                to[c] = 0;
        }
        // What is left of a word moves to its first lanes, so that no lane is looked up.
        for (int l = 0; l < IN::size; l++) {
#pragma HLS UNROLL
            if (l + OUT::size < IN::size)
                from[l] = from[(l + OUT::size) % IN::size];
            else
                from[l] = 0;
        }
        const bool last = cycle == cycles - 1;
        if (given <= taken || last || part == parts - 1)
            output.write(to);
        part = last || part == parts - 1 ? 0 : part + 1;
        cycle = last ? 0 : cycle + 1;
    }
}

} // namespace folded
} // namespace hlsq

#endif
