#ifndef HLSQ_WINDOW_H_
#define HLSQ_WINDOW_H_

#include "corner.h"
#include "front.h"
#include "memory.h"
#include "taps.h"

namespace hlsq {

// The column of the window that ends at `at`, given its newest values. The rows above come from line buffers, oldest first,
// each a memory of its own. A value moves up by one line whenever its column passes, so a line always holds the same row of
// the window.
template <class CONFIG, class LINES>
inline void take_column(const corner<CONFIG> &at, const typename CONFIG::tap_t newest[CONFIG::channels], LINES &lines,
                        typename CONFIG::tap_t fresh[CONFIG::kernel_height][CONFIG::channels]) {
#pragma HLS INLINE
    typedef sweep<CONFIG> area;
    typedef typename CONFIG::tap_t tap_t;
    const int column = at.in_columns() ? at.at_column() : 0;
    // A memory has two ports: each line is read once, whatever its values go to, and written once.
    tap_t passing[area::lines + 1][CONFIG::channels];
#pragma HLS ARRAY_PARTITION variable = passing complete dim = 0
    for (int l = 0; l < area::lines; l++) {
#pragma HLS UNROLL
        fetch<CONFIG::channels>(lines[l], column, passing[l]);
    }
    for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
        passing[area::lines][c] = newest[c];
    }
    for (int k = 0; k < CONFIG::kernel_height; k++) {
#pragma HLS UNROLL
        const int up = area::lines - k * CONFIG::dilation_height;
        const bool known = up == 0 || (at.in_columns() && at.has_row_above(up));
        for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
            fresh[k][c] = known ? passing[area::lines - up][c] : tap_t(CONFIG::pad_value);
        }
    }
    if (at.in_columns()) {
        for (int l = 0; l < area::lines; l++) {
#pragma HLS UNROLL
            store<CONFIG::channels>(lines[l], column, passing[l + 1]);
        }
    }
}

// A window and what it needs to move over a map that arrives position by position.
template <class CONFIG> struct moving_window {
    corner<CONFIG> at;
    typename held<CONFIG>::type window;

    // Takes one position: of the map, whose packet is `in`, or of the padding to its right and below.
    template <class IN, class LINES> void take(const IN &in, LINES &lines) {
#pragma HLS INLINE
        typedef typename CONFIG::tap_t tap_t;
        tap_t newest[CONFIG::channels];
#pragma HLS ARRAY_PARTITION variable = newest complete dim = 0
        tap_t fresh[CONFIG::kernel_height][CONFIG::channels];
#pragma HLS ARRAY_PARTITION variable = fresh complete dim = 0
        const bool inside = at.inside();
        for (int c = 0; c < CONFIG::channels; c++) {
#pragma HLS UNROLL
            newest[c] = inside ? tap_t(CONFIG::load(in[c])) : tap_t(CONFIG::pad_value);
        }
        take_column(at, newest, lines, fresh);
        window.shift(fresh, at.at_row_start());
    }
};

} // namespace hlsq

#endif
