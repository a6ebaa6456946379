#ifndef HLSQ_FOLDED_ENGINE_H_
#define HLSQ_FOLDED_ENGINE_H_

// An engine runs one instruction: an array of PEs that layers share in turn, and its post-processing.
//
// In every iteration each position is given a word of its own pixel, and all positions share a row of weights. When the
// sums of a group are whole they move aside, and post-processing finishes them, one position after the other, while the
// array computes the next group.

#include "array.h"
#include "background.h"
#include "finisher.h"
#include "walk.h"

namespace hlsq {
namespace folded {

template <class CONFIG, class MAP, class OP, class BACKGROUND> class engine {
    typedef typename CONFIG::lane_t lane_t;
    static const int P = CONFIG::positions;

    const OP &op;
    feature_maps<MAP> &maps;
    walk<CONFIG, MAP, OP> at;
    pe_array<CONFIG, MAP, OP> array;
    finisher<CONFIG, MAP, OP> post;
    BACKGROUND &background;
    const int number;
    typename MAP::cycle_t cycle; // of the period from one group of outputs to the next; below 0 while a pass waits for its first pixels
    bool computes, counts[P];
    // What the memories give in this iteration: a word for each position, and one of an operand.
    lane_t words[P][MAP::word], operand[MAP::word];

  public:
    engine(const OP &given, int instruction, feature_maps<MAP> &all, output_words<MAP> &outputs, BACKGROUND &beside)
        : op(given), maps(all), at(given), array(given, at), post(given, instruction, all, outputs), background(beside),
          number(instruction) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = counts complete
#pragma HLS ARRAY_PARTITION variable = words complete dim = 0
#pragma HLS ARRAY_PARTITION variable = operand complete
    }

    void run() {
#pragma HLS INLINE
        loop_count counted(number);
        at.place_positions(counted);
        cycle = -op.delay;
        computes = true;
        if (MAP::loads_beside)
            beside_a_load(counted);
        else
            alone(counted);
    }

  private:
    // A pass never reads what it writes itself.
    void alone(loop_count &counted) {
#pragma HLS INLINE
    STEPS:
        while (goes_on()) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = maps.first type = inter dependent = false
#pragma HLS DEPENDENCE variable = maps.second type = inter dependent = false
            next(counted);
        }
    }

    // It does read what is loaded beside it, so many iterations later at the earliest. Where writing comes later in the
    // pipeline than that, synthesis has to know.
    void beside_a_load(loop_count &counted) {
#pragma HLS INLINE
    STEPS:
        while (goes_on()) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = maps.first type = inter direction = RAW distance = 65 dependent = true
#pragma HLS DEPENDENCE variable = maps.second type = inter direction = RAW distance = 65 dependent = true
            next(counted);
        }
    }

    bool goes_on() const {
#pragma HLS INLINE
        return computes || post.busy || background.holds();
    }

    void next(loop_count &counted) {
#pragma HLS INLINE
        counted.next();
        background.next_word();
        background.beside(post.busy && op.stores ? int(op.out_memory) : -1, post.bank());
        // While an operand lies in the memory of the taps, the array waits for it.
        const bool works = computes && cycle >= op.wait && cycle < op.wait + op.steps;
        read(works);
        if (post.busy)
            post.step(operand);
        if (works)
            compute();
        if (computes)
            next_cycle();
        maps.write_ports();
    }

    void compute() {
#pragma HLS INLINE
        array.step(words);
        if (!at.next_tap())
            return;
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            counts[p] = at.counts(p);
        }
        at.next_group();
    }

    void next_cycle() {
#pragma HLS INLINE
        if (cycle < op.period - 1) {
            cycle++;
            return;
        }
        cycle = 0;
        post.take(array.sums, counts);
        computes = !at.at_end();
    }

    // The word of the pixel that a step looks at.
    int word_of_pixel() const {
#pragma HLS INLINE
        return op.mode == MAC ? int(at.word) : at.output();
    }

#ifdef HLSQ_REGISTERS
    // Every bank of every memory is read once, for a position or for the operand, and its word goes to whom it is for.
    void read(bool works) {
#pragma HLS INLINE
        const int within = word_of_pixel();
        typename MAP::address_t taps[MAP::banks], first[MAP::banks], second[MAP::banks];
        lane_t from_first[MAP::banks][MAP::word], from_second[MAP::banks][MAP::word];
#pragma HLS ARRAY_PARTITION variable = taps complete
#pragma HLS ARRAY_PARTITION variable = first complete
#pragma HLS ARRAY_PARTITION variable = second complete
#pragma HLS ARRAY_PARTITION variable = from_first complete dim = 0
#pragma HLS ARRAY_PARTITION variable = from_second complete dim = 0
        for (int b = 0; b < MAP::banks; b++) {
#pragma HLS UNROLL
            taps[b] = 0;
            for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
                if (at.bank[p] == b && at.inside(p))
                    taps[b] = at.address[p] + within;
            }
            const typename MAP::address_t other = CONFIG::adds && post.busy && op.operands > 0 && post.bank() == b
                                                      ? post.operand_address()
                                                      : typename MAP::address_t(0);
            first[b] = works && op.memory == 0 ? taps[b] : other;
            second[b] = works && op.memory == 1 ? taps[b] : other;
        }
        maps.read(first, second, from_first, from_second);
        for (int p = 0; p < P; p++) {
#pragma HLS UNROLL
            for (int i = 0; i < MAP::word; i++) {
#pragma HLS UNROLL
                lane_t value = lane_t(op.fill);
                for (int b = 0; b < MAP::banks; b++) {
#pragma HLS UNROLL
                    if (at.bank[p] == b && at.inside(p))
                        value = op.memory == 0 ? from_first[b][i] : from_second[b][i];
                }
                words[p][i] = value;
            }
        }
        for (int i = 0; i < MAP::word; i++) {
#pragma HLS UNROLL
            operand[i] = 0;
            for (int b = 0; b < MAP::banks; b++) {
#pragma HLS UNROLL
                if (post.bank() == b)
                    operand[i] = post.operand_memory() == 0 ? from_first[b][i] : from_second[b][i];
            }
        }
    }
#else
    void read(bool works) {
        if (works) {
            for (int p = 0; p < P; p++) {
                if (at.inside(p)) {
                    maps.copy(op.memory, at.bank[p], at.address[p] + word_of_pixel(), words[p]);
                } else {
                    for (int i = 0; i < MAP::word; i++)
                        words[p][i] = lane_t(op.fill);
                }
            }
        }
        if (CONFIG::adds && post.busy && op.operands > 0)
            maps.copy(post.operand_memory(), post.bank(), post.operand_address(), operand);
    }
#endif
};

} // namespace folded
} // namespace hlsq

#endif
