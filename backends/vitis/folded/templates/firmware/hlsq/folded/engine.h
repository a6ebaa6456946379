#ifndef HLSQ_FOLDED_ENGINE_H_
#define HLSQ_FOLDED_ENGINE_H_

// An engine: an array of PEs (taps x outputs x positions) with adder trees and accumulators, which layers share in turn.
//
// In every iteration each position is given a word of its own pixel, and all positions share a row of weights. When the
// sums of a group are whole they move aside, and post-processing finishes them, one position after the other, while the
// array computes the next group.

#include "forms.h"
#include "maps.h"
#include "observe.h"
#include "post.h"
#include "side_by_side.h"

namespace hlsq {
namespace folded {

template <class CONFIG, class MAP, class OP> class engine {
    typedef typename CONFIG::lane_t lane_t;
    typedef typename CONFIG::sum_t sum_t;
    typedef typename CONFIG::value_t value_t;
    typedef typename CONFIG::product_t product_t;
    typedef typename CONFIG::operand_t operand_t;
    typedef typename MAP::output_t output_t;
    static const int P = CONFIG::positions, T = CONFIG::taps, O = CONFIG::outputs, L = CONFIG::lanes;
    static const int parts = 1 << CONFIG::most_split; // of an adder tree, at the depth where it is tapped first
    static const int granules = MAP::word / MAP::granule;
    static const int chunks_of_word = MAP::word / T < 1 ? 1 : MAP::word / T;

    const OP &op;
    const int number;
    feature_maps<MAP> &maps;
    output_words<MAP> &outputs;

    // Pointers to the pixel in front of each position, and the place of its window.
    int bank[P], address[P], y[P], x[P];
    // Loops, and where in the period the array is.
    int chunk, kernel_x, kernel_y, tap_x, tap_y, output, filter, group, line, cycle, weight_bank, weight_address, column;
    bool computes;
    // Sums that grow, and those that are being finished.
    sum_t sums[P][CONFIG::sums], held[P][CONFIG::sums];
    bool counts[P], valid[P];
    // Post-processing: the position, the part of its values and the operand it is at; its pixel in the target.
    int at_position, at_part, at_operand, index;
    // Its sums, rows of its constants, and granules of the target's words: of the first part of this group, and now.
    int at_sum, row, first_row, word, first_word, granule, first_granule;
    bool finishes;
    struct target {
        int bank, address, operand[CONFIG::operands], pixel, row, column, emitted;
    } now, begin;
    value_t partial[L];

  public:
    engine(const OP &given, int instruction, feature_maps<MAP> &all, output_words<MAP> &results)
        : op(given), number(instruction), maps(all), outputs(results) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = bank complete
#pragma HLS ARRAY_PARTITION variable = address complete
#pragma HLS ARRAY_PARTITION variable = y complete
#pragma HLS ARRAY_PARTITION variable = x complete
#pragma HLS ARRAY_PARTITION variable = sums complete dim = 0
#pragma HLS ARRAY_PARTITION variable = held complete dim = 0
#pragma HLS ARRAY_PARTITION variable = counts complete
#pragma HLS ARRAY_PARTITION variable = partial complete
    }

    void run() {
#pragma HLS INLINE
        loop_count counted(number);
        place_positions(counted);
        chunk = kernel_x = kernel_y = tap_x = tap_y = output = filter = group = line = cycle = column = 0;
        weight_bank = op.weight_bank;
        weight_address = op.weight_address;
        computes = true;
        finishes = false;
        at_position = at_part = at_operand = at_sum = index = 0;
        first_row = op.parameters;
        first_word = first_granule = 0;
        now.bank = 0;
        now.address = op.out_address;
        for (int k = 0; k < CONFIG::operands; k++)
            now.operand[k] = op.operand_address(k);
        now.pixel = now.row = now.column = 0;
        now.emitted = op.emit_address;
        begin = now;
    STEPS:
        while (computes || finishes) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = maps.first type = inter dependent = false
#pragma HLS DEPENDENCE variable = maps.second type = inter dependent = false
            counted.next();
            if (finishes)
                finish();
            if (computes)
                compute();
        }
    }

  private:
    // Each position begins a step behind the one before.
    void place_positions(loop_count &counted) {
#pragma HLS INLINE
        int b = op.start_bank, a = op.start_address, row = op.top, col = op.left;
    POSITIONS:
        for (int p = 0; p < P; p++) {
#pragma HLS PIPELINE II = 1
            counted.next();
            bank[p] = b;
            address[p] = a;
            y[p] = row;
            x[p] = col;
            go<MAP>(b, a, op.position_bank, op.position_address, op.pitch);
            col += op.step_x;
            if (col >= op.wrap_x) {
                col -= op.wrap_width;
                row++;
            }
        }
    }

    void advance(int step_bank, int step_address) {
#pragma HLS INLINE
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            go<MAP>(bank[p], address[p], step_bank, step_address, op.pitch);
        }
    }

    void compute() {
#pragma HLS INLINE
        const bool works = cycle >= op.wait && cycle < op.wait + op.steps;
        if (works) {
            step();
            if (next_tap())
                next_group();
        }
        if (cycle >= op.period - 1) {
            cycle = 0;
            hand_over();
        } else {
            cycle++;
        }
    }

    // Sums of a group are whole: they are post-processed while the next group is computed.
    void hand_over() {
#pragma HLS INLINE
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            for (int i = 0; i < CONFIG::sums; i++) {
#pragma HLS UNROLL
                held[p][i] = sums[p][i];
            }
            valid[p] = counts[p];
        }
        finishes = true;
        computes = line < op.rows;
        at_position = at_part = at_operand = at_sum = 0;
        if (index == 0) {
            begin = now; // the first outputs of new positions
            first_row = op.parameters;
            first_word = first_granule = 0;
        } else {
            now = begin; // further outputs of the same ones
        }
        row = first_row;
        word = first_word;
        granule = first_granule;
    }

    // Goes on to the next tap; true behind the last one of a group.
    bool next_tap() {
#pragma HLS INLINE
        if (chunk < op.chunks - 1) {
            chunk++;
            return false;
        }
        chunk = 0;
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

    void next_group() {
#pragma HLS INLINE
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            counts[p] = y[p] < op.limit_y && x[p] < op.limit_x;
        }
        if (output < op.outputs - 1) {
            output++;
            advance(op.restart_bank, op.restart_address);
            return;
        }
        output = 0;
        if (filter < op.filters - 1) {
            filter++;
            advance(op.restart_bank, op.restart_address);
            return;
        }
        filter = 0;
        weight_bank = op.weight_bank;
        weight_address = op.weight_address;
        column = 0;
        const bool same_line = group < op.groups - 1;
        group = same_line ? group + 1 : 0;
        line += same_line ? 0 : 1;
        advance(same_line ? op.group_bank : op.line_bank, same_line ? op.group_address : op.line_address);
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            x[p] += same_line ? op.group_x : op.line_x;
            y[p] += same_line ? op.group_y : op.line_y;
            if (x[p] >= op.wrap_x) {
                x[p] -= op.wrap_width;
                y[p]++;
            }
        }
    }

    // The word in front of each position; what lies outside of the map is the fill value.
    void taps_of(lane_t (&words)[P][MAP::word], int within) {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        int addresses[MAP::banks];
        lane_t all[MAP::banks][MAP::word];
        for (int b = 0; b < MAP::banks; b++) {
#pragma HLS UNROLL
            addresses[b] = 0;
            for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
                if (bank[p] == b && inside(p))
                    addresses[b] = address[p] + within;
            }
        }
        maps.read(op.memory, addresses, all);
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            for (int i = 0; i < MAP::word; i++) {
#pragma HLS UNROLL
                lane_t value = lane_t(op.fill);
                for (int b = 0; b < MAP::banks; b++) {
#pragma HLS UNROLL
                    if (bank[p] == b && inside(p))
                        value = all[b][i];
                }
                words[p][i] = value;
            }
        }
#else
        for (int p = 0; p < P; p++) {
            if (inside(p)) {
                for (int g = 0; g < feature_maps<MAP>::granules; g++) {
                    const lane_t *word = maps.at(op.memory, bank[p], g, address[p] + within);
                    for (int l = 0; l < MAP::granule; l++)
                        words[p][g * MAP::granule + l] = word[l];
                }
            } else {
                for (int i = 0; i < MAP::word; i++)
                    words[p][i] = lane_t(op.fill);
            }
        }
#endif
    }

    bool inside(int p) const {
#pragma HLS INLINE
        const int row = y[p] + tap_y, col = x[p] + tap_x;
        return row >= 0 && row < op.height && col >= 0 && col < op.width;
    }

    // One step of the array.
    void step() {
#pragma HLS INLINE
        const bool first = chunk == 0 && kernel_x == 0 && kernel_y == 0;
        lane_t words[P][MAP::word];
#pragma HLS ARRAY_PARTITION variable = words complete dim = 0
        taps_of(words, op.mode == MAC ? chunk / chunks_of_word : output);
        if (CONFIG::macs && (op.mode == MAC || !CONFIG::singles))
            multiply_and_add(words, first);
        else if (CONFIG::singles)
            single_lanes(words, first);
    }

    int code_bits() const {
#pragma HLS INLINE
        return CONFIG::slices == 1 ? CONFIG::code_bits : int(op.weight_bits);
    }

    int code_form() const {
#pragma HLS INLINE
        return CONFIG::forms == 1 ? CONFIG::only_form : int(op.form);
    }

    // A weight of this step, decoded once for all positions.
    operand_t weight(int t, int o) const {
#pragma HLS INLINE
        product_t code = 0;
        int b = weight_bank, a = weight_address;
        for (int s = 0; s < CONFIG::slices; s++) {
#pragma HLS UNROLL
            if (s < op.weight_slices) {
                code |= product_t(CONFIG::weight(b, a, t * O + o)) << (CONFIG::slice_bits * s);
                if (++b == CONFIG::slices) {
                    b = 0;
                    a++;
                }
            }
        }
        return operand_t(CONFIG::pe::decode(code, code_bits(), code_form()));
    }

#ifdef HLSQ_NATIVE_INT
    // Those of tap t for all outputs, side by side.
    typedef several<product_t, O> all;
    typedef typename all::type outputs_t;

    outputs_t weights_of(int t) const {
        outputs_t code = {};
        int b = weight_bank, a = weight_address;
        for (int s = 0; s < op.weight_slices; s++) {
            code |= all::load(CONFIG::weights(b, a) + t * O) << (CONFIG::slice_bits * s);
            if (++b == CONFIG::slices) {
                b = 0;
                a++;
            }
        }
        return CONFIG::pe::decode(code, code_bits(), code_form());
    }
#endif

    void next_weights() {
#pragma HLS INLINE
        weight_bank += op.weight_slices;
        if (weight_bank >= CONFIG::slices) {
            weight_bank -= CONFIG::slices;
            weight_address++;
        }
    }

    // Which tap of a word is in front of lane t: behind the lanes of one part of the tree, the first one again. Lanes
    // without a channel meet weights of 0.
    int tap_of(int t) const {
#pragma HLS INLINE
        const int from = chunks_of_word == 1 ? 0 : chunk % chunks_of_word * T;
        return from + (CONFIG::most_split == 0 ? t : t & ((T >> op.split) - 1));
    }

    void multiply_and_add(const lane_t (&words)[P][MAP::word], bool first) {
#pragma HLS INLINE
#if defined(HLSQ_NATIVE_INT) && !defined(HLSQ_REGISTERS)
        outputs_t weights[T];
        for (int t = 0; t < T; t++)
            weights[t] = weights_of(t);
        next_weights();
        int tap[T];
        for (int t = 0; t < T; t++)
            tap[t] = tap_of(t);
        for (int p = 0; p < P; p++) {
            outputs_t sum[parts] = {};
            for (int part = 0; part < parts; part++) {
                for (int i = part * (T / parts); i < (part + 1) * (T / parts); i++)
                    sum[part] += CONFIG::pe::apply(outputs_t{} + product_t(words[p][tap[i]]), weights[i]);
            }
            sum_t tree[parts][O];
            for (int part = 0; part < parts; part++) {
                for (int o = 0; o < O; o++)
                    tree[part][o] = sum_t(sum[part][o]);
            }
            tapped(p, tree, first);
        }
#else
        operand_t weights[T][O];
#pragma HLS ARRAY_PARTITION variable = weights complete dim = 0
        for (int t = 0; t < T; t++) {
#pragma HLS UNROLL
            for (int o = 0; o < O; o++) {
#pragma HLS UNROLL
                weights[t][o] = weight(t, o);
            }
        }
        next_weights();
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            sum_t tree[parts][O];
#pragma HLS ARRAY_PARTITION variable = tree complete dim = 0
            for (int part = 0; part < parts; part++) {
#pragma HLS UNROLL
                for (int o = 0; o < O; o++) {
#pragma HLS UNROLL
                    tree[part][o] = 0;
                }
                for (int i = part * (T / parts); i < (part + 1) * (T / parts); i++) {
#pragma HLS UNROLL
                    const product_t tap = product_t(words[p][tap_of(i)]);
                    for (int o = 0; o < O; o++) {
#pragma HLS UNROLL
                        tree[part][o] += sum_t(CONFIG::pe::apply(tap, weights[i][o]));
                    }
                }
            }
            tapped(p, tree, first);
        }
#endif
    }

    // The adder tree tapped where 2^split parts are left.
    void tapped(int p, const sum_t (&tree)[parts][O], bool first) {
#pragma HLS INLINE
        for (int split = 0; split <= CONFIG::most_split; split++) {
#pragma HLS UNROLL
            const int joined = parts >> split;
            for (int i = 0; i < O << split; i++) {
#pragma HLS UNROLL
                sum_t sum = 0;
                for (int j = 0; j < joined; j++) {
#pragma HLS UNROLL
                    sum += tree[i / O * joined + j][i % O];
                }
                sum_t &whole = sums[p][i % CONFIG::sums];
                if (split == op.split)
                    whole = first ? sum_t(op.start) + sum : whole + sum;
            }
        }
    }

    // Every lane by itself: products of depthwise convolutions, sums and maxima of pools.
    void single_lanes(const lane_t (&words)[P][MAP::word], bool first) {
#pragma HLS INLINE
        operand_t weights[T];
#pragma HLS ARRAY_PARTITION variable = weights complete
        if (CONFIG::depthwise) {
            for (int t = 0; t < T; t++) {
#pragma HLS UNROLL
                weights[t] = op.mode == LANES ? weight(t, column) : operand_t(0);
            }
            if (op.mode == LANES) {
                if (column == O - 1)
                    next_weights();
                column = column == O - 1 ? 0 : column + 1;
            }
        }
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            for (int t = 0; t < T; t++) {
#pragma HLS UNROLL
                const sum_t tap = sum_t(words[p][t]);
                sum_t &whole = sums[p][t % CONFIG::sums];
                const sum_t before = first ? sum_t(op.start) : whole;
                const sum_t added = CONFIG::depthwise && op.mode == LANES ? sum_t(CONFIG::pe::apply(product_t(words[p][t]), weights[t])) : tap;
                whole = CONFIG::maxima && op.mode == MAX ? (before < tap ? tap : before) : sum_t(before + added);
            }
        }
    }

    // Values of one position, or of a part of its lanes, in their target; of an addition of several maps, one of them.
    void finish() {
#pragma HLS INLINE
        const int p = at_position;
        const bool last = at_operand >= (op.operands == 0 ? 0 : op.operands - 1);
        lane_t other[L];
#pragma HLS ARRAY_PARTITION variable = other complete
        for (int l = 0; l < L; l++) {
#pragma HLS UNROLL
            other[l] = 0;
        }
        if (CONFIG::adds && op.operands > 0 && valid[p]) {
            for (int g = 0; g < L / MAP::granule; g++) {
#pragma HLS UNROLL
                const lane_t *values = maps.at(op.operand_memory(at_operand), now.bank, (granule + g) % granules, now.operand[at_operand] + word);
                for (int l = 0; l < MAP::granule; l++) {
#pragma HLS UNROLL
                    other[g * MAP::granule + l] = values[l];
                }
            }
        }
        value_t once[L], twice[L];
#pragma HLS ARRAY_PARTITION variable = once complete
#pragma HLS ARRAY_PARTITION variable = twice complete
        for (int l = 0; l < L; l++) {
#pragma HLS UNROLL
            value_t sum = value_t(held[p][(at_sum + l) % CONFIG::sums]);
            if (CONFIG::factors && op.factor != 0)
                sum *= value_t(CONFIG::factor(op.factor + now.row) * CONFIG::factor(op.factor + op.out_height + now.column));
            if (CONFIG::adds && op.operands > 0) {
                const value_t so_far = at_operand == 0 ? value_t(0) : partial[l];
                partial[l] = so_far + weighed<CONFIG>(value_t(other[l]), op.add_weight(at_operand + 1));
            }
            if (CONFIG::combines && op.operands > 0 && op.adds == 0)
                sum = weighed<CONFIG>(sum, op.add_weight(0)) + partial[l];
            once[l] = first_stage<CONFIG>(op, sum, row, l);
            twice[l] = CONFIG::chained && op.adds != 0
                           ? second_stage<CONFIG>(op, value_t(weighed<CONFIG>(once[l], op.add_weight(0)) + partial[l]))
                           : once[l];
        }
        if (last && valid[p]) {
            lane_t stored[L];
            output_t emitted[L];
#pragma HLS ARRAY_PARTITION variable = stored complete
#pragma HLS ARRAY_PARTITION variable = emitted complete
            for (int l = 0; l < L; l++) {
#pragma HLS UNROLL
                stored[l] = lane_t(twice[l]);
                emitted[l] = output_t(twice[l]);
            }
            if (op.stores)
                maps.write(op.out_memory, now.bank, now.address + word, granule, op.part, stored);
            if (op.emits)
                outputs.write(now.emitted + word, granule, op.part, emitted);
#ifndef __SYNTHESIS__
            observe<typename CONFIG::views>(number, 0, now.pixel, word * MAP::word + granule * MAP::granule, op.part_lanes, once);
            if (CONFIG::chained)
                observe<typename CONFIG::views>(number, 1, now.pixel, word * MAP::word + granule * MAP::granule, op.part_lanes, twice);
#endif
        }
        next_value(last, p);
    }

    void next_value(bool last, int p) {
#pragma HLS INLINE
        if (!last) {
            at_operand++;
            return;
        }
        at_operand = 0;
        row++;
        at_sum += op.part_lanes;
        granule += op.part;
        if (granule >= granules) {
            granule = 0;
            word++;
        }
        if (at_part < op.finishes - 1) {
            at_part++;
            return;
        }
        at_part = at_sum = 0;
        if (valid[p])
            next_pixel();
        if (at_position != P - 1) {
            at_position++;
            row = first_row;
            word = first_word;
            granule = first_granule;
            return;
        }
        at_position = 0;
        finishes = false;
        index = index >= op.groups_of_outputs - 1 ? 0 : index + 1;
        first_row = row;
        first_word = word;
        first_granule = granule;
    }

    void next_pixel() {
#pragma HLS INLINE
        now.bank++;
        now.pixel++;
        now.emitted += op.emit_pitch;
        if (now.bank == MAP::banks) {
            now.bank = 0;
            now.address += op.out_pitch;
            for (int k = 0; k < CONFIG::operands; k++) {
#pragma HLS UNROLL
                now.operand[k] += op.operand_pitch(k);
            }
        }
        const bool end = now.column == op.out_width - 1;
        now.column = end ? 0 : now.column + 1;
        now.row += end ? 1 : 0;
    }
};

} // namespace folded
} // namespace hlsq

#endif
