#ifndef HLSQ_FRONT_H_
#define HLSQ_FRONT_H_

#include "corner.h"
#include "memory.h"
#include "taps.h"

namespace hlsq {

// What stands in front of the PEs in one iteration. The first step sees what the window has just moved into its slots; each
// other one selects from registers that hold still in its iteration, so that no bit of the window needs a path around its
// register. No later iteration waits for what was selected: a pipeline may hold it in registers before the PEs.
#ifdef HLSQ_REGISTERS

template <class CONFIG, class WINDOW = typename held<CONFIG>::type, int STEPS = WINDOW::steps,
          bool IN_MEMORY = in_memory<CONFIG>::value>
class front {
    typedef WINDOW window_t;
    typename CONFIG::tap_t now[window_t::lanes];

  public:
    front() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = now complete dim = 0
    }
    void take_first(const window_t &window) {
#pragma HLS INLINE
        for (int l = 0; l < window_t::lanes; l++) {
#pragma HLS UNROLL
            now[l] = window.select(0, l);
        }
    }
    void select(const window_t &window, int step) {
#pragma HLS INLINE
        for (int l = 0; l < window_t::lanes; l++) {
#pragma HLS UNROLL
            now[l] = window.select(step, l);
        }
    }
    template <class MEMORY> void look_back(MEMORY &, int, bool, bool) {
#pragma HLS INLINE
    }
    const front &of(const window_t &) const {
#pragma HLS INLINE
        return *this;
    }
    const typename CONFIG::tap_t &operator()(int t, int c) const {
#pragma HLS INLINE
        return now[window_t::lane(t, c)];
    }
};

// All of a window is in front in its only step.
template <class CONFIG, class WINDOW> class front<CONFIG, WINDOW, 1, false> {
    typedef WINDOW window_t;

  public:
    void take_first(const window_t &) {
#pragma HLS INLINE
    }
    void select(const window_t &, int) {
#pragma HLS INLINE
    }
    template <class MEMORY> void look_back(MEMORY &, int, bool, bool) {
#pragma HLS INLINE
    }
    const window_t &of(const window_t &window) const {
#pragma HLS INLINE
        return window;
    }
};

// A memory holds all columns but the newest of whole strips: a word for every step, or for the steps of every channel. What
// is in front of the PEs is such a word and its part of the newest column, which is selected as in a window of one column,
// and what the step sees beside whole strips. When no later group of this output sees the word, it moves by a column. It is
// looked at again after all other words at the earliest.
template <class CONFIG, class WINDOW, int STEPS> class front<CONFIG, WINDOW, STEPS, true> {
    typedef typename CONFIG::tap_t tap_t;
    typedef newest_column<CONFIG> column_t;
    typedef taps<column_t, 0, strips<CONFIG>::whole> column_taps;
    typedef typename beside_strips<CONFIG>::type loose_taps_t;
    static const int lanes = column_taps::lanes;
    static const int older = sweep<CONFIG>::span_width - 1; // columns
    static const int beside = strips<CONFIG>::loose * CONFIG::channel_step;
    front<column_t, column_taps> newest;
    front<loose_taps<CONFIG>, loose_taps_t> loose;
    tap_t now[CONFIG::kernel_width * lanes + beside];

    void take_loose(const WINDOW &window) {
#pragma HLS INLINE
        for (int l = 0; l < beside; l++) {
#pragma HLS UNROLL
            now[CONFIG::kernel_width * lanes + l] =
                loose.of(window.loose)(l / CONFIG::channel_step, l % CONFIG::channel_step);
        }
    }

  public:
    front() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = now complete dim = 0
    }
    void take_first(const WINDOW &window) {
#pragma HLS INLINE
        newest.take_first(window.newest);
        loose.take_first(window.loose);
        take_loose(window);
    }
    void select(const WINDOW &window, int step) {
#pragma HLS INLINE
        newest.select(window.newest, step);
        loose.select(window.loose, step);
        take_loose(window);
    }
    // A window at the start of a row has padding in all columns but the newest, whatever the memory holds.
    template <class MEMORY> void look_back(MEMORY &memory, int word, bool row_start, bool last) {
#pragma HLS INLINE
        tap_t found[older * lanes];
#pragma HLS ARRAY_PARTITION variable = found complete dim = 0
        fetch<older * lanes>(memory, word, found);
        tap_t columns[(older + 1) * lanes];
#pragma HLS ARRAY_PARTITION variable = columns complete dim = 0
        for (int l = 0; l < older * lanes; l++) {
#pragma HLS UNROLL
            columns[l] = row_start ? tap_t(CONFIG::pad_value) : found[l];
        }
        for (int l = 0; l < lanes; l++) {
#pragma HLS UNROLL
            columns[older * lanes + l] = newest(l / CONFIG::channel_step, l % CONFIG::channel_step);
        }
        for (int j = 0; j < CONFIG::kernel_width; j++) {
#pragma HLS UNROLL
            for (int l = 0; l < lanes; l++) {
#pragma HLS UNROLL
                now[j * lanes + l] = columns[j * CONFIG::dilation_width * lanes + l];
            }
        }
        if (last) {
            tap_t moved[older * lanes];
#pragma HLS ARRAY_PARTITION variable = moved complete dim = 0
            for (int l = 0; l < older * lanes; l++) {
#pragma HLS UNROLL
                moved[l] = columns[lanes + l];
            }
            store<older * lanes>(memory, word, moved);
        }
    }
    const front &of(const WINDOW &) const {
#pragma HLS INLINE
        return *this;
    }
    const tap_t &operator()(int t, int c) const {
#pragma HLS INLINE
        return now[t * CONFIG::channel_step + c];
    }
};

#else

// In simulation, where selecting is work, PEs look at the step's lanes where they lie.
template <class CONFIG> class front {
    typedef taps<CONFIG> window_t;
    const typename CONFIG::tap_t *now;

  public:
    void take_first(const window_t &window) { now = window.lanes_of(0); }
    void select(const window_t &window, int step) { now = window.lanes_of(step); }
    template <class MEMORY> void look_back(MEMORY &, int, bool, bool) {}
    const front &of(const window_t &) const { return *this; }
    const typename CONFIG::tap_t &operator()(int t, int c) const { return now[window_t::lane(t, c)]; }
};

#endif

} // namespace hlsq

#endif
