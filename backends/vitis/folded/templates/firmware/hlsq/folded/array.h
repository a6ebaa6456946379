#ifndef HLSQ_FOLDED_ARRAY_H_
#define HLSQ_FOLDED_ARRAY_H_

// The array of PEs with its adder trees and accumulators: taps x outputs x positions.

#include "side_by_side.h"
#include "walk.h"

namespace hlsq {
namespace folded {

template <class CONFIG, class MAP, class OP> class pe_array {
    typedef typename CONFIG::lane_t lane_t;
    typedef typename CONFIG::tap_t tap_t; // of a lane, what this engine's layers need
    typedef typename CONFIG::product_t product_t;
    typedef typename CONFIG::operand_t operand_t;
    typedef typename CONFIG::sum_t sum_t;
    static const int P = CONFIG::positions, T = CONFIG::taps, O = CONFIG::outputs;
    static const int parts = 1 << CONFIG::most_split; // of an adder tree, at the depth where it is tapped first

    const OP &op;
    walk<CONFIG, MAP, OP> &at;

  public:
    sum_t sums[P][CONFIG::sums];

    pe_array(const OP &given, walk<CONFIG, MAP, OP> &loops) : op(given), at(loops) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = sums complete dim = 0
    }

    // One step: a word of its own pixel is in front of each position.
    void step(const lane_t (&words)[P][MAP::word]) {
#pragma HLS INLINE
        if (CONFIG::macs && (op.mode == MAC || !CONFIG::singles))
            multiply_and_add(words, at.at_first_tap());
        else if (CONFIG::singles)
            single_lanes(words, at.at_first_tap());
    }

  private:
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
        return operand_t(CONFIG::pe::decode(code(t, o), code_bits(), code_form()));
    }

    // Every memory is read once, where its slice lies.
    product_t code(int t, int o) const {
#pragma HLS INLINE
        product_t slices[CONFIG::slices];
#pragma HLS ARRAY_PARTITION variable = slices complete
        for (int s = 0; s < CONFIG::slices; s++) {
#pragma HLS UNROLL
            const int row = at.weight_address + (s < at.weight_bank ? 1 : 0);
            slices[s] = row < CONFIG::rows ? product_t(CONFIG::weight(s, row, t * O + o)) : product_t(0);
        }
        product_t found = 0;
        int b = at.weight_bank;
        for (int s = 0; s < CONFIG::slices; s++) {
#pragma HLS UNROLL
            if (s < op.weight_slices)
                found |= product_t(slices[b] << (CONFIG::slice_bits * s));
            b = b == CONFIG::slices - 1 ? 0 : b + 1;
        }
        return found;
    }

    // Of a row that holds those of as many steps as there are outputs, the one of this step.
    operand_t weight_of_column(int t) const {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        product_t found = 0;
        for (int o = 0; o < O; o++) {
#pragma HLS UNROLL
            const product_t other = code(t, o);
            if (o == at.column)
                found = other;
        }
        return operand_t(CONFIG::pe::decode(found, code_bits(), code_form()));
#else
        return weight(t, at.column);
#endif
    }

#ifdef HLSQ_NATIVE_INT
    // Those of tap t for all outputs, side by side.
    typedef several<product_t, O> all;
    typedef typename all::type outputs_t;

    outputs_t weights_of(int t) const {
        outputs_t code = {};
        int b = at.weight_bank, a = at.weight_address;
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

    // Which tap of a word is in front of lane t: behind the lanes of one part of the tree, the first one again. Lanes
    // without a channel meet weights of 0.
    int tap_of(int t) const {
#pragma HLS INLINE
        const int from = walk<CONFIG, MAP, OP>::chunks_of_word == 1 ? 0 : int(at.part) * T;
        return from + (CONFIG::most_split == 0 ? t : t & ((T >> op.split) - 1));
    }

    void multiply_and_add(const lane_t (&words)[P][MAP::word], bool first) {
#pragma HLS INLINE
#if defined(HLSQ_NATIVE_INT) && !defined(HLSQ_REGISTERS)
        outputs_t weights[T];
        for (int t = 0; t < T; t++)
            weights[t] = weights_of(t);
        at.next_weights();
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
        at.next_weights();
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
                    const product_t tap = product_t(tap_t(words[p][tap_of(i)]));
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

    // The adder tree tapped where 2^split parts are left, into the accumulators of this turn. What an accumulator grows by
    // is chosen in front of its adder, so that it has one, and a step needs no more than that of the sum before.
    void tapped(int p, sum_t (&tree)[parts][O], bool first) {
#pragma HLS INLINE
        sum_t summand[CONFIG::sums];
        bool grows[CONFIG::sums];
#pragma HLS ARRAY_PARTITION variable = summand complete
#pragma HLS ARRAY_PARTITION variable = grows complete
        for (int i = 0; i < CONFIG::sums; i++) {
#pragma HLS UNROLL
            summand[i] = 0;
            grows[i] = false;
        }
        for (int split = CONFIG::most_split; split >= 0; split--) {
#pragma HLS UNROLL
            const int width = O << split;
            for (int i = 0; i < width; i++) {
#pragma HLS UNROLL
                for (int turn = 0; turn < CONFIG::turns && turn * width + i < CONFIG::sums; turn++) {
#pragma HLS UNROLL
                    if (split == op.split && turn == at.turn) {
                        summand[turn * width + i] = tree[i / O][i % O];
                        grows[turn * width + i] = true;
                    }
                }
            }
            for (int part = 0; part < (1 << split) / 2; part++) {
#pragma HLS UNROLL
                for (int o = 0; o < O; o++) {
#pragma HLS UNROLL
                    tree[part][o] = tree[2 * part][o] + tree[2 * part + 1][o];
                }
            }
        }
        for (int i = 0; i < CONFIG::sums; i++) {
#pragma HLS UNROLL
            if (grows[i])
                sums[p][i] = (first ? sum_t(op.start) : sums[p][i]) + summand[i];
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
                weights[t] = op.mode == LANES ? weight_of_column(t) : operand_t(0);
            }
            if (op.mode == LANES) {
                if (at.column == O - 1)
                    at.next_weights();
                at.column = at.column == O - 1 ? 0 : int(at.column) + 1;
            }
        }
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            for (int t = 0; t < T; t++) {
#pragma HLS UNROLL
                const sum_t tap = sum_t(words[p][t]);
                sum_t &whole = sums[p][t % CONFIG::sums];
                const sum_t before = first ? sum_t(op.start) : whole;
                const sum_t added = CONFIG::depthwise && op.mode == LANES ? sum_t(CONFIG::pe::apply(product_t(tap_t(words[p][t])), weights[t])) : tap;
                whole = CONFIG::maxima && op.mode == MAX ? (before < tap ? tap : before) : sum_t(before + added);
            }
        }
    }
};

} // namespace folded
} // namespace hlsq

#endif
