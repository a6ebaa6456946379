#ifndef HLSQ_FOLDED_FINISHER_H_
#define HLSQ_FOLDED_FINISHER_H_

// Post-processing of whole sums, one position after the other, while the array computes the next group.

#include "maps.h"
#include "observe.h"
#include "post.h"

namespace hlsq {
namespace folded {

template <class CONFIG, class MAP, class OP> class finisher {
    typedef typename CONFIG::lane_t lane_t;
    typedef typename CONFIG::sum_t sum_t;
    typedef typename CONFIG::value_t value_t;
    typedef typename MAP::output_t output_t;
    typedef typename MAP::bank_t bank_t;
    typedef typename MAP::address_t address_t;
    static const int P = CONFIG::positions, L = CONFIG::lanes;
    static const int granules = MAP::word / MAP::granule;

    const OP &op;
    const int number;
    feature_maps<MAP> &maps;
    output_words<MAP> &outputs;
    sum_t held[P][CONFIG::sums];
    bool valid[P];
    // The position, the part of its values and the operand; the group of outputs.
    typename MAP::lane_count_t at_position, at_part, at_operand;
    typename MAP::outputs_t index;
    // Its sums, rows of its constants, and granules of the target's words: of the first part of this group, and now.
    typename MAP::lane_count_t at_sum, granule, first_granule;
    typename MAP::parameter_t row, first_row;
    typename MAP::chunk_t word, first_word;
    struct target {
        bank_t bank;
        address_t address, operand[CONFIG::operands];
        int pixel; // for traces alone
        typename MAP::coordinate_t row, column;
        typename MAP::emitted_t emitted;
    } now, begin;
    value_t partial[L];

  public:
    bool busy;

    finisher(const OP &given, int instruction, feature_maps<MAP> &all, output_words<MAP> &results)
        : op(given), number(instruction), maps(all), outputs(results) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = held complete dim = 0
#pragma HLS ARRAY_PARTITION variable = valid complete
#pragma HLS ARRAY_PARTITION variable = partial complete
#pragma HLS ARRAY_PARTITION variable = now.operand complete
#pragma HLS ARRAY_PARTITION variable = begin.operand complete
        busy = false;
        at_position = at_part = at_operand = at_sum = 0;
        index = 0;
        row = first_row = op.parameters;
        word = first_word = 0;
        granule = first_granule = 0;
        now.bank = 0;
        now.address = op.out_address;
        for (int k = 0; k < CONFIG::operands; k++) {
#pragma HLS UNROLL
            now.operand[k] = op.operand_address(k);
        }
        now.pixel = 0;
        now.row = now.column = 0;
        now.emitted = op.emit_address;
        begin = now;
    }

    // Takes the sums of a group, and which positions are the target's.
    void take(const sum_t (&sums)[P][CONFIG::sums], const bool (&counts)[P]) {
#pragma HLS INLINE
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            for (int i = 0; i < CONFIG::sums; i++) {
#pragma HLS UNROLL
                held[p][i] = sums[p][i];
            }
            valid[p] = counts[p];
        }
        busy = true;
        at_position = at_part = at_operand = at_sum = 0;
        if (index == 0) {
            begin = now; // the first outputs of new positions
            first_row = op.parameters;
            first_word = 0;
            first_granule = 0;
        } else {
            now = begin; // further outputs of the same ones
        }
        row = first_row;
        word = first_word;
        granule = first_granule;
    }

    // Where the operand lies that the next step reads, and, but for the memory, the pixel that it writes.
    int operand_memory() const {
#pragma HLS INLINE
        return op.operand_memory(at_operand);
    }
    bank_t bank() const {
#pragma HLS INLINE
        return now.bank;
    }
    address_t operand_address() const {
#pragma HLS INLINE
        address_t address = now.operand[0];
        for (int k = 1; k < CONFIG::operands; k++) {
#pragma HLS UNROLL
            if (k == at_operand)
                address = now.operand[k];
        }
        return address + word;
    }

    // Values of one position, or of a part of its lanes, in their target; of an addition of several maps, one of them.
    void step(const lane_t (&operand)[MAP::word]) {
#pragma HLS INLINE
        const bool last = at_operand >= (op.operands == 0 ? 0 : op.operands - 1);
        // In hardware the sums move past post-processing, and none are looked up.
#ifdef HLSQ_REGISTERS
        const int p = 0;
#else
        const int p = at_position;
#endif
        value_t once[L], twice[L];
#pragma HLS ARRAY_PARTITION variable = once complete
#pragma HLS ARRAY_PARTITION variable = twice complete
        for (int l = 0; l < L; l++) {
#pragma HLS UNROLL
            value_t sum = value_t(sum_of(p, l));
            if (CONFIG::factors && op.factor != 0)
                sum *= value_t(CONFIG::factor(op.factor + now.row) * CONFIG::factor(op.factor + op.out_height + now.column));
            if (CONFIG::adds && op.operands > 0) {
                const value_t so_far = at_operand == 0 ? value_t(0) : partial[l];
                partial[l] = so_far + weighed<CONFIG>(value_t(lane_from(operand, granule, l)), op.add_weight(at_operand + 1));
            }
            if (CONFIG::combines && op.operands > 0 && op.adds == 0)
                sum = weighed<CONFIG>(sum, op.add_weight(0)) + partial[l];
            once[l] = first_stage<CONFIG>(op, sum, row, l);
            twice[l] = CONFIG::chained && op.adds != 0
                           ? second_stage<CONFIG>(op, value_t(weighed<CONFIG>(once[l], op.add_weight(0)) + (op.operands > 0 ? partial[l] : value_t(0))))
                           : once[l];
        }
        // The last group of outputs may go beyond the channels.
        if (last && valid[p] && word < op.target_words) {
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
                maps.write(0, op.out_memory, now.bank, now.address + word, granule, op.part, stored);
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

    // Of position p: the sum of lane l of this part. Parts begin at a granule each.
    sum_t sum_of(int p, int l) const {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        sum_t value = 0;
        for (int i = 0; i < CONFIG::sums; i += MAP::granule) {
#pragma HLS UNROLL
            if (i == at_sum && i + l < CONFIG::sums)
                value = held[p][(i + l) % CONFIG::sums];
        }
        return value;
#else
        return held[p][(int(at_sum) + l) % CONFIG::sums];
#endif
    }

    // Lane l of the part of the operand's word that is added now.
    static lane_t lane_from(const lane_t (&word)[MAP::word], int from, int l) {
#pragma HLS INLINE
        lane_t value = 0;
        for (int g = 0; g < granules; g++) {
#pragma HLS UNROLL
            if (g == from)
                value = word[(g * MAP::granule + l) % MAP::word];
        }
        return value;
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
#ifdef HLSQ_REGISTERS
        for (int q = 0; q + 1 < P; q++) {
#pragma HLS UNROLL
            for (int i = 0; i < CONFIG::sums; i++) {
#pragma HLS UNROLL
                held[q][i] = held[q + 1][i];
            }
            valid[q] = valid[q + 1];
        }
#endif
        if (at_position != P - 1) {
            at_position++;
            row = first_row;
            word = first_word;
            granule = first_granule;
            return;
        }
        at_position = 0;
        busy = false;
        index = index >= op.groups_of_outputs - 1 ? 0 : int(index) + 1;
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
        now.column = end ? 0 : int(now.column) + 1;
        now.row += end ? 1 : 0;
    }
};

} // namespace folded
} // namespace hlsq

#endif
