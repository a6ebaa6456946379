#ifndef HLSQ_TAPS_H_
#define HLSQ_TAPS_H_

#include "registers.h"
#include "types.h"

namespace hlsq {

// Strips of a window: the taps of one row and channel in all columns; where each output sees one channel, which has all the
// strips, the taps of one row. Each step sees `at_once` whole strips of a window that a memory holds (see front), and beside
// them `loose` taps of those that are left, which may come apart. Without a memory, all may.
template <class CONFIG> struct strips {
    static const int together = CONFIG::by_channel ? 1 : int(CONFIG::channels); // of one row
    static const int all = CONFIG::kernel_height * together;
    static const int at_once = CONFIG::window_words > 1 ? int(CONFIG::tap_block) / int(CONFIG::kernel_width) : 0;
    static const int loose = CONFIG::tap_block - at_once * CONFIG::kernel_width;
    static const int seen_whole = at_once * (CONFIG::tap_slots / CONFIG::tap_block);
    static const int whole = seen_whole < all ? seen_whole : all;
};

// The taps of the strips from FROM up to UNTIL of one window in registers, which move by a column or hold still: nothing
// stands before any of them but padding at the start of a row. They lie as the steps of the PEs see them. A convolution's
// outputs all see the same taps, which form a single row; a depthwise one's each see those of one channel, so that there is
// a row of channels for every place of the kernel, and the steps go through the taps of some channels before they come to
// the next.
template <class CONFIG, int FROM = 0, int UNTIL = strips<CONFIG>::all> class taps {
    typedef typename CONFIG::tap_t tap_t;
    typedef strips<CONFIG> order;
    static const int gap = CONFIG::dilation_width - 1; // columns between two that have taps
    static const int tap_steps = CONFIG::tap_slots / CONFIG::tap_block;

  public:
    static const int steps = tap_steps * (CONFIG::channel_slots / CONFIG::channel_step);
    static const int lanes = CONFIG::tap_block * CONFIG::channel_step;

  private:
    // Channels come in groups, of those that the same steps see.
    static const int group = CONFIG::by_channel ? int(CONFIG::channel_step) : int(CONFIG::channels);
    static constexpr bool in_group(int g, int i) {
        return i < group && (CONFIG::channels % group == 0 || g * group + i < CONFIG::channels);
    }
    static constexpr int strip(int row, int i) { return row * order::together + (CONFIG::by_channel ? 0 : i); }
    static constexpr bool holds(int row, int i) { return strip(row, i) >= FROM && strip(row, i) < UNTIL; }

    // Taps in the order of the steps: of all channels of a group of which each output sees one, or of one such channel.
    // They come as in the kernel where all strips may come apart; else column by column those of the whole strips of a step,
    // and strip by strip the loose ones.
    static constexpr int of_kernel(int row, int column, int i) {
        return (row * CONFIG::kernel_width + column) * order::together + (CONFIG::by_channel ? 0 : i);
    }
    static constexpr int of_whole(int strip, int column) {
        return strip / at_least_one(order::at_once) * CONFIG::tap_block + column * order::at_once +
               strip % at_least_one(order::at_once);
    }
    static constexpr int of_loose(int tap) {
        return (tap / at_least_one(order::loose) + 1) * CONFIG::tap_block - order::loose + tap % at_least_one(order::loose);
    }
    static constexpr int tap_of(int row, int column, int i) {
        return order::at_once == 0 && FROM == 0 ? of_kernel(row, column, i)
               : strip(row, i) < order::whole
                   ? of_whole(strip(row, i), column)
                   : of_loose((strip(row, i) - order::whole - FROM) * CONFIG::kernel_width + column);
    }
    static constexpr int slot(int row, int column, int g, int i) {
        return CONFIG::by_channel ? (g * CONFIG::tap_slots + tap_of(row, column, i)) * CONFIG::channel_step + i
                                  : tap_of(row, column, i);
    }

    // Columns that have no taps are to the right of each one of a strip.
    static const int channels_of_strip = CONFIG::by_channel ? int(CONFIG::channels) : 1;
    static const int gaps = (UNTIL - FROM) * channels_of_strip * CONFIG::kernel_width;
    static constexpr int beside(int row, int column, int d, int c) {
        return ((row * CONFIG::channels + c - FROM * channels_of_strip) * CONFIG::kernel_width + column) * gap + d;
    }

    registers<tap_t, steps, lanes> tap;
    registers<tap_t, 1, (gap > 0 ? gaps * gap : 1)> between;

    // What comes out of the columns to the right of a tap that have none, as `after` comes in.
    tap_t through_gap(int row, int column, int c, bool row_start, tap_t after) {
#pragma HLS INLINE
        const tap_t out = row_start ? tap_t(CONFIG::pad_value) : between[beside(row, column, 0, c)];
        for (int d = 0; d < gap; d++) {
#pragma HLS UNROLL
            const tap_t next = d + 1 < gap ? between[beside(row, column, d + 1, c)] : after;
            between[beside(row, column, d, c)] = row_start ? tap_t(CONFIG::pad_value) : next;
        }
        return out;
    }

  public:
    taps() {
#pragma HLS INLINE
        // Slots that no window fills belong to idle PEs.
        for (int t = 0; t < steps * lanes; t++) {
#pragma HLS UNROLL
            tap[t] = 0;
        }
    }

    // Moves the window by one column; a window at the start of a row has padding in all others.
    void shift(const tap_t fresh[CONFIG::kernel_height][CONFIG::channels], bool row_start) {
#pragma HLS INLINE
        for (int k = 0; k < CONFIG::kernel_height; k++) {
#pragma HLS UNROLL
            for (int j = 0; j < CONFIG::kernel_width; j++) {
#pragma HLS UNROLL
                for (int g = 0; g * group < CONFIG::channels; g++) {
#pragma HLS UNROLL
                    for (int i = 0; in_group(g, i); i++) {
#pragma HLS UNROLL
                        if (holds(k, i)) {
                            const int c = g * group + i;
                            tap_t &here = tap[slot(k, j, g, i)];
                            if (j + 1 == CONFIG::kernel_width)
                                here = fresh[k][c];
                            else if (gap == 0)
                                here = row_start ? tap_t(CONFIG::pad_value) : tap[slot(k, j + 1, g, i)];
                            else
                                here = through_gap(k, j, c, row_start, tap[slot(k, j + 1, g, i)]);
                        }
                    }
                }
            }
        }
    }

    // The lane of the PEs of tap t and channel c.
    static constexpr int lane(int t, int c) { return t * CONFIG::channel_step + c; }

    // What the first step sees there.
    const tap_t &operator()(int t, int c) const {
#pragma HLS INLINE
        return tap[lane(t, c)];
    }

#ifdef HLSQ_REGISTERS
    // What `step` sees in a lane.
    tap_t select(int step, int lane) const {
#pragma HLS INLINE
        return tap.select(step, lane);
    }
#else
    const tap_t *lanes_of(int step) const { return &tap[step * lanes]; }
#endif
};

// The newest column of the strips that a memory holds, as a window of its own with the same steps.
template <class CONFIG> struct newest_column : CONFIG {
    static const int kernel_width = 1;
    static const int dilation_width = 1;
    static const int tap_block = strips<CONFIG>::at_once;
    static const int tap_slots = CONFIG::tap_slots / CONFIG::tap_block * tap_block;
    static const int window_words = 1;
};

// What steps see of a window beside the strips that a memory holds, in the same way.
template <class CONFIG> struct loose_taps : CONFIG {
    static const int tap_block = strips<CONFIG>::loose;
    static const int tap_slots = CONFIG::tap_slots / CONFIG::tap_block * tap_block;
    static const int window_words = 1;
};

// Nothing, where a memory holds all strips.
template <class CONFIG> struct no_taps {
    static const int steps = 1;
    void shift(const typename CONFIG::tap_t[CONFIG::kernel_height][CONFIG::channels], bool) {
#pragma HLS INLINE
    }
    typename CONFIG::tap_t operator()(int, int) const {
#pragma HLS INLINE
        return 0;
    }
};

template <class CONFIG, int LOOSE = strips<CONFIG>::loose> struct beside_strips {
    typedef taps<loose_taps<CONFIG>, strips<CONFIG>::whole> type;
};
template <class CONFIG> struct beside_strips<CONFIG, 0> {
    typedef no_taps<CONFIG> type;
};

// The registers of a window of which a memory holds what it can.
template <class CONFIG> struct taps_beside_memory {
    static const int steps = CONFIG::window_words;
    taps<newest_column<CONFIG>, 0, strips<CONFIG>::whole> newest;
    typename beside_strips<CONFIG>::type loose;

    void shift(const typename CONFIG::tap_t fresh[CONFIG::kernel_height][CONFIG::channels], bool row_start) {
#pragma HLS INLINE
        newest.shift(fresh, row_start);
        loose.shift(fresh, row_start);
    }
};

template <class CONFIG> struct in_memory {
#ifdef HLSQ_REGISTERS
    static const bool value = CONFIG::window_words > 1;
#else
    static const bool value = false;
#endif
};

// What is in registers of a window.
template <class CONFIG, bool IN_MEMORY = in_memory<CONFIG>::value> struct held {
    typedef taps<CONFIG> type;
};
template <class CONFIG> struct held<CONFIG, true> {
    typedef taps_beside_memory<CONFIG> type;
};

} // namespace hlsq

#endif
