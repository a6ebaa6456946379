#ifndef HLSQ_WINDOW_H_
#define HLSQ_WINDOW_H_

#include "memory.h"
#include "registers.h"
#include "types.h"

namespace hlsq {

// What of a map, and of the padding around it, passes by a window so that it stops at every output: the rows and columns
// of the window's lower right corner. Padding above a map never passes (it is what lines hold before the first row), nor
// does padding to its left (the window starts each row with it).
template <class CONFIG> struct sweep {
    static const int span_height = (CONFIG::kernel_height - 1) * CONFIG::dilation_height + 1;
    static const int span_width = (CONFIG::kernel_width - 1) * CONFIG::dilation_width + 1;
    static const int lines = span_height - 1;
    // Where the first and the last output stop the corner.
    static const int first_row = span_height - 1 - CONFIG::pad_top;
    static const int first_column = span_width - 1 - CONFIG::pad_left;
    static const int last_row = first_row + (CONFIG::out_height - 1) * CONFIG::stride_height;
    static const int last_column = first_column + (CONFIG::out_width - 1) * CONFIG::stride_width;
    static const int top = first_row < 0 ? first_row : 0;
    static const int left = first_column < 0 ? first_column : 0;
    static const int bottom = last_row < CONFIG::in_height ? CONFIG::in_height : last_row + 1;
    static const int right = last_column < CONFIG::in_width ? CONFIG::in_width : last_column + 1;
};

// The place of a window's lower right corner, and how far it is to the next output. No division says where the outputs
// are; strides are counted.
template <class CONFIG> class corner {
    typedef sweep<CONFIG> area;
    counter<area::top, area::bottom> row;
    counter<area::left, area::right> column;
    counter<0, area::first_row - area::top + CONFIG::stride_height> rows_to_go;
    counter<0, area::first_column - area::left + CONFIG::stride_width> columns_to_go;

  public:
    corner() {
#pragma HLS INLINE
        row = area::top;
        rows_to_go = area::first_row - area::top;
        begin_row();
    }

    // Whether a window ends here.
    bool at_output() const {
#pragma HLS INLINE
        return rows_to_go == 0 && columns_to_go == 0;
    }

    // Whether windows end in this row.
    bool in_output_row() const {
#pragma HLS INLINE
        return rows_to_go == 0;
    }

    bool at_row_start() const {
#pragma HLS INLINE
        return column == (in_output_row() ? int(area::left) : 0);
    }

    int at_column() const {
#pragma HLS INLINE
        return column;
    }

    bool in_columns() const {
#pragma HLS INLINE
        return (area::left == 0 || column >= 0) && (area::right == CONFIG::in_width || column < CONFIG::in_width);
    }

    // Whether the map has a value here.
    bool inside() const {
#pragma HLS INLINE
        return in_columns() && (area::top == 0 || row >= 0) &&
               (area::bottom == CONFIG::in_height || row < CONFIG::in_height);
    }

    // Whether the map begins at or above the row that is `up` rows higher.
    bool has_row_above(int up) const {
#pragma HLS INLINE
        return row >= up;
    }

    void next() {
#pragma HLS INLINE
        const bool output_row = rows_to_go == 0;
        if (column == (output_row ? int(area::right) : int(CONFIG::in_width)) - 1) {
            row++;
            if (output_row)
                rows_to_go = CONFIG::stride_height - 1;
            else
                rows_to_go--;
            begin_row();
        } else {
            column++;
            if (columns_to_go == 0)
                columns_to_go = CONFIG::stride_width - 1;
            else
                columns_to_go--;
        }
    }

  private:
    void begin_row() {
#pragma HLS INLINE
        column = rows_to_go == 0 ? int(area::left) : 0;
        columns_to_go = area::first_column - area::left;
    }
};

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

// The taps of one window in registers, which move by a column or hold still: nothing stands before any of them but padding
// at the start of a row. They lie as the steps of the PEs see them. A convolution's outputs all see the same taps, which
// form a single row; a depthwise one's each see those of one channel, so that there is a row of channels for every place of
// the kernel, and the steps go through the taps of some channels before they come to the next. Where a memory holds the
// window (see front), each step sees the same rows and channels of all columns.
template <class CONFIG> class taps {
    typedef typename CONFIG::tap_t tap_t;
    static const int gap = CONFIG::dilation_width - 1; // columns between two that have taps
    static const int tap_steps = CONFIG::tap_slots / CONFIG::tap_block;
    static const int places = CONFIG::kernel_height * CONFIG::kernel_width;

  public:
    static const int steps = tap_steps * (CONFIG::channel_slots / CONFIG::channel_step);
    static const int lanes = CONFIG::tap_block * CONFIG::channel_step;

  private:
    registers<tap_t, steps, lanes> tap;
    registers<tap_t, 1, (gap > 0 ? places * gap * CONFIG::channels : 1)> between;

    // Channels come in groups, of those that the same steps see.
    static const int group = CONFIG::by_channel ? int(CONFIG::channel_step) : int(CONFIG::channels);
    static constexpr bool in_group(int g, int i) {
        return i < group && (CONFIG::channels % group == 0 || g * group + i < CONFIG::channels);
    }
    // Taps in the order of the steps: of all channels of a group of which each output sees one, or of one such channel.
    static const int together = CONFIG::by_channel ? 1 : int(CONFIG::channels);
    static const int rows = CONFIG::tap_block / CONFIG::kernel_width;
    static constexpr int in_column(int place, int i) { return place / CONFIG::kernel_width * together + i; }
    static constexpr int by_columns(int place, int in_column) {
        return (in_column / rows * CONFIG::kernel_width + place % CONFIG::kernel_width) * rows + in_column % rows;
    }
    static constexpr int tap_of(int place, int i) {
        return CONFIG::window_words > 1 ? by_columns(place, in_column(place, i)) : place * together + i;
    }
    static constexpr int slot(int place, int g, int i) {
        return CONFIG::by_channel ? (g * CONFIG::tap_slots + tap_of(place, 0)) * CONFIG::channel_step + i : tap_of(place, i);
    }
    static constexpr int beside(int place, int d, int c) { return gap > 0 ? (place * gap + d) * CONFIG::channels + c : 0; }

    // What comes out of the columns to the right of `place` that have no taps, as `after` comes in.
    tap_t through_gap(int place, int c, bool row_start, tap_t after) {
#pragma HLS INLINE
        const tap_t out = row_start ? tap_t(CONFIG::pad_value) : between[beside(place, 0, c)];
        for (int d = 0; d < gap; d++) {
#pragma HLS UNROLL
            const tap_t next = d + 1 < gap ? between[beside(place, d + 1, c)] : after;
            between[beside(place, d, c)] = row_start ? tap_t(CONFIG::pad_value) : next;
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
                const int place = k * CONFIG::kernel_width + j;
                for (int g = 0; g * group < CONFIG::channels; g++) {
#pragma HLS UNROLL
                    for (int i = 0; in_group(g, i); i++) {
#pragma HLS UNROLL
                        const int c = g * group + i;
                        tap_t &here = tap[slot(place, g, i)];
                        if (j + 1 == CONFIG::kernel_width)
                            here = fresh[k][c];
                        else if (gap == 0)
                            here = row_start ? tap_t(CONFIG::pad_value) : tap[slot(place + 1, g, i)];
                        else
                            here = through_gap(place, c, row_start, tap[slot(place + 1, g, i)]);
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

// The newest column of a window, as a window of its own with the same steps.
template <class CONFIG> struct newest_column : CONFIG {
    static const int kernel_width = 1;
    static const int dilation_width = 1;
    static const int tap_block = CONFIG::tap_block / CONFIG::kernel_width;
    static const int tap_slots = CONFIG::tap_slots / CONFIG::kernel_width;
    static const int window_words = 1;
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
    typedef taps<newest_column<CONFIG>> type;
};

// What stands in front of the PEs in one iteration. The first step sees what the window has just moved into its slots; each
// other one selects from registers that hold still in its iteration, so that no bit of the window needs a path around its
// register. No later iteration waits for what was selected: a pipeline may hold it in registers before the PEs.
#ifdef HLSQ_REGISTERS

template <class CONFIG, int STEPS = taps<CONFIG>::steps, bool IN_MEMORY = in_memory<CONFIG>::value> class front {
    typedef taps<CONFIG> window_t;
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
template <class CONFIG> class front<CONFIG, 1, false> {
    typedef taps<CONFIG> window_t;

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

// A memory holds all columns but the newest: a word for every step, or for the steps of every channel. What is in front of
// the PEs is such a word and its part of the newest column, which is selected as in a window of one column. When no later
// group of this output sees the word, it moves by a column. It is looked at again after all other words at the earliest.
template <class CONFIG, int STEPS> class front<CONFIG, STEPS, true> {
    typedef typename CONFIG::tap_t tap_t;
    typedef newest_column<CONFIG> column_t;
    typedef taps<column_t> window_t;
    static const int lanes = window_t::lanes;
    static const int older = sweep<CONFIG>::span_width - 1; // columns
    front<column_t> newest;
    tap_t now[CONFIG::kernel_width * lanes];

  public:
    front() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = now complete dim = 0
    }
    void take_first(const window_t &window) {
#pragma HLS INLINE
        newest.take_first(window);
    }
    void select(const window_t &window, int step) {
#pragma HLS INLINE
        newest.select(window, step);
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
    const front &of(const window_t &) const {
#pragma HLS INLINE
        return *this;
    }
    const tap_t &operator()(int t, int c) const {
#pragma HLS INLINE
        return now[window_t::lane(t, c)];
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
