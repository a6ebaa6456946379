#ifndef HLSQ_MAC_H_
#define HLSQ_MAC_H_

#include "lanes.h"
#include "rom.h"

namespace hlsq {

// `before`, and the products of the taps in front of the PEs of one output with the codes of a row.
template <class CONFIG, class TAPS>
inline typename CONFIG::sum_t add_products(typename CONFIG::sum_t before, const TAPS &x, int channel,
                                           const rom<CONFIG> &codes, int row, int output) {
#pragma HLS INLINE
    // `before` comes last: from one iteration to the next there is a single addition.
    typename CONFIG::sum_t sum = 0;
#pragma HLS BIND_OP variable = sum op = add impl = fabric
    for (int t = 0; t < CONFIG::tap_block; t++) {
#pragma HLS UNROLL
        sum += typename CONFIG::sum_t(CONFIG::pe::apply(x(t, channel), codes(row, output * CONFIG::tap_block + t)));
    }
    sum += before;
    return sum;
}

// An array of tap_block * output_block PEs. An output group of output_block sums takes tap_steps iterations, and as it is
// finished, as many requantisers turn it into output values; after output_steps groups an output packet is whole.
template <class CONFIG> class mac {
    typedef typename CONFIG::sum_t sum_t;
    sum_t sums[CONFIG::output_block];
    output_packet<CONFIG> outputs;
    counter<0, CONFIG::tap_steps> step;
    counter<0, CONFIG::rows> row;                // of the ROM: steps of a packet
    // Of a depthwise convolution: the step of the window that is in front, and groups that have seen its channel.
    counter<0, CONFIG::tap_steps * (CONFIG::channel_slots / CONFIG::channel_step)> front;
    counter<0, CONFIG::groups_per_channel> held;

  public:
    mac() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = sums complete dim = 0
        step = 0;
        row = 0;
        front = 0;
        held = 0;
    }

    // Whether the next step is the first of an output packet.
    bool at_start() const {
#pragma HLS INLINE
        return step == 0 && in_first_group();
    }

    bool in_first_group() const {
#pragma HLS INLINE
        return outputs.next_group() == 0;
    }

    int at_step() const {
#pragma HLS INLINE
        return step;
    }

    // Which step of the window the next one sees: that of the group, since all see the same taps, but for channels of
    // their own.
    int at_front() const {
#pragma HLS INLINE
        return CONFIG::by_channel ? int(front) : int(step);
    }

    // Whether no later group of this output sees what the next step sees.
    bool at_last_view() const {
#pragma HLS INLINE
        return CONFIG::by_channel ? held == CONFIG::groups_per_channel - 1 : outputs.next_group() == CONFIG::output_steps - 1;
    }

    // One step: x(t, c) is in front of the PEs of tap t and channel c. True when `out` is whole.
    template <class TAPS, class OUT> bool run(const TAPS &x, OUT &out) {
#pragma HLS INLINE
        const rom<CONFIG> codes{};
        const int group = outputs.next_group();
        for (int o = 0; o < CONFIG::output_block; o++) {
#pragma HLS UNROLL
            const int channel = CONFIG::by_channel ? o / at_least_one(CONFIG::by_channel) : 0;
            sums[o] = add_products<CONFIG>(step == 0 ? sum_t(0) : sums[o], x, channel, codes, row, o);
        }
        const bool finished = step == CONFIG::tap_steps - 1;
        if (CONFIG::by_channel > 0) {
            if (finished && held != CONFIG::groups_per_channel - 1)
                front -= CONFIG::tap_steps - 1;
            else
                front = after<CONFIG::tap_steps *(CONFIG::channel_slots / CONFIG::channel_step)>(front);
        }
        step = after<CONFIG::tap_steps>(step);
        row = after<CONFIG::rows>(row);
        bool whole = false;
        if (finished) {
            typename CONFIG::value_t values[CONFIG::output_block];
#pragma HLS ARRAY_PARTITION variable = values complete dim = 0
            for (int o = 0; o < CONFIG::output_block; o++) {
#pragma HLS UNROLL
                values[o] = CONFIG::finish(sums[o], group, o);
            }
            held = after<CONFIG::groups_per_channel>(held);
            whole = outputs.put(values, out);
        }
        return whole;
    }
};

} // namespace hlsq

#endif
