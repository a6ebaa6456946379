#ifndef HLSQ_FOLDED_WALK_H_
#define HLSQ_FOLDED_WALK_H_

// The loops of one instruction: which tap of which group of outputs is computed, and where the pixel in front of each
// position lies.

#include "forms.h"
#include "maps.h"

namespace hlsq {
namespace folded {

template <class CONFIG, class MAP, class OP> class walk {
    static const int P = CONFIG::positions;
    typedef typename MAP::bank_t bank_t;
    typedef typename MAP::address_t address_t;
    typedef typename MAP::coordinate_t coordinate_t;

    const OP &op;
    typename MAP::kernel_t kernel_x, kernel_y;
    typename MAP::outputs_t output_, filter;
    typename MAP::groups_t group, line;
    coordinate_t tap_x, tap_y;
    coordinate_t y[P], x[P];

  public:
    bank_t bank[P];
    address_t address[P];
    static const int chunks_of_word = MAP::word / CONFIG::taps < 1 ? 1 : MAP::word / CONFIG::taps;
    typename MAP::chunk_t chunk;
    typename MAP::chunk_t word, part; // of a pixel, and of that word: where the chunk's taps lie
    typename MAP::weight_t weight_bank, weight_address;
    typename MAP::outputs_t column, turn; // of a row of depthwise weights; of a group of outputs, what of it is computed

    walk(const OP &given) : op(given) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = bank complete
#pragma HLS ARRAY_PARTITION variable = address complete
#pragma HLS ARRAY_PARTITION variable = y complete
#pragma HLS ARRAY_PARTITION variable = x complete
        chunk = word = part = 0;
        kernel_x = kernel_y = 0;
        output_ = filter = column = turn = 0;
        group = line = 0;
        tap_x = tap_y = 0;
        weight_bank = op.weight_bank;
        weight_address = op.weight_address;
    }

    // Each position begins a step behind the one before.
    void place_positions(loop_count &counted) {
#pragma HLS INLINE
        bank_t b = op.start_bank;
        address_t a = op.start_address;
        coordinate_t row = op.top, col = op.left;
    POSITIONS:
        for (int p = 0; p < P; p++) {
#pragma HLS PIPELINE II = 1
            counted.next();
            // In hardware pointers move from the last position to the first, and no place is looked up.
#ifdef HLSQ_REGISTERS
            const int place = P - 1;
            for (int q = 0; q + 1 < P; q++) {
#pragma HLS UNROLL
                bank[q] = bank[q + 1];
                address[q] = address[q + 1];
                y[q] = y[q + 1];
                x[q] = x[q + 1];
            }
#else
            const int place = p;
#endif
            bank[place] = b;
            address[place] = a;
            y[place] = row;
            x[place] = col;
            go<MAP>(b, a, op.position_bank, op.position_address, op.pitch);
            wrapped(row, col, op.step_x, 0);
        }
    }

    bool at_end() const {
#pragma HLS INLINE
        return line >= op.rows;
    }

    bool at_first_tap() const {
#pragma HLS INLINE
        return chunk == 0 && kernel_x == 0 && kernel_y == 0;
    }

    // The group of outputs, or, lane by lane, the word of the pixel.
    int output() const {
#pragma HLS INLINE
        return output_;
    }

    // Whether the tap in front of position p lies in the map.
    bool inside(int p) const {
#pragma HLS INLINE
        const int row = y[p] + tap_y, col = x[p] + tap_x;
        return row >= 0 && row < op.height && col >= 0 && col < op.width;
    }

    // Whether position p is one of the target's.
    bool counts(int p) const {
#pragma HLS INLINE
        return y[p] < op.limit_y && x[p] < op.limit_x;
    }

    void next_weights() {
#pragma HLS INLINE
        weight_bank += op.weight_slices;
        if (weight_bank >= CONFIG::slices) {
            weight_bank -= CONFIG::slices;
            weight_address++;
        }
    }

    // Goes on to the next tap; true behind the last one of a group.
    bool next_tap() {
#pragma HLS INLINE
        if (chunk < op.chunks - 1) {
            chunk++;
            const bool same_word = part < chunks_of_word - 1;
            part = same_word ? int(part) + 1 : 0;
            word += same_word ? 0 : 1;
            return false;
        }
        chunk = 0;
        word = 0;
        part = 0;
        if (kernel_x < op.kernel_x - 1) {
            kernel_x++;
            tap_x += op.dilation_x;
            advance(op.column_bank, op.column_address);
            return false;
        }
        kernel_x = 0;
        tap_x = 0;
        if (kernel_y < op.kernel_y - 1) {
            kernel_y++;
            tap_y += op.dilation_y;
            advance(op.row_bank, op.row_address);
            return false;
        }
        kernel_y = 0;
        tap_y = 0;
        return true;
    }

    // Back to the first tap for further outputs, or on to the next positions.
    void next_group() {
#pragma HLS INLINE
        const bool more_outputs = output_ < op.outputs - 1, more_filters = filter < op.filters - 1;
        output_ = more_outputs ? int(output_) + 1 : 0;
        turn = turn < op.last_turn ? int(turn) + 1 : 0;
        if (more_outputs || more_filters) {
            filter += more_outputs ? 0 : 1;
            advance(op.restart_bank, op.restart_address);
            return;
        }
        filter = 0;
        weight_bank = op.weight_bank;
        weight_address = op.weight_address;
        column = 0;
        const bool same_line = group < op.groups - 1;
        group = same_line ? int(group) + 1 : 0;
        line += same_line ? 0 : 1;
        advance(same_line ? op.group_bank : op.line_bank, same_line ? op.group_address : op.line_address);
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            wrapped(y[p], x[p], same_line ? op.group_x : op.line_x, same_line ? op.group_y : op.line_y);
        }
    }

  private:
    void advance(int step_bank, int step_address) {
#pragma HLS INLINE
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            go<MAP>(bank[p], address[p], step_bank, step_address, op.pitch);
        }
    }

    // On by a step, across the end of a row.
    void wrapped(coordinate_t &row, coordinate_t &col, int step_x, int step_y) {
#pragma HLS INLINE
        const int reached = col + step_x;
        const bool over = reached >= op.wrap_x;
        col = over ? reached - op.wrap_width : reached;
        row = row + step_y + (over ? 1 : 0);
    }
};

} // namespace folded
} // namespace hlsq

#endif
