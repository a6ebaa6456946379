#ifndef HLSQ_FOLDED_POST_H_
#define HLSQ_FOLDED_POST_H_

// Post-processing: what follows the sums of products. Constants that the network does not need are not in the hardware.

#include "../requantise.h"
#include "../types.h"

namespace hlsq {
namespace folded {

// value * 2^by. With amounts that are 0 in the whole network nothing is left of it. An amount of a memory of signed numbers
// is never negative, and unsigned it takes a shifter of one direction.
template <class CONFIG, class T> inline T raised(T value, int by) {
#pragma HLS INLINE
    return shift_left<T>(value, uint<CONFIG::shift_bits>(by));
}

// clamp(round(t * multiplier * 2^left / 2^right) + zero point); W holds the product.
template <class CONFIG, bool MULTIPLIES, bool LEFT, class T>
inline T dyadic(T t, int multiplier, int left, int right, bool half_up, int negative_shift, int zero, int low, int high) {
#pragma HLS INLINE
    typedef typename CONFIG::wide_t wide_t;
    wide_t product = t;
    if (MULTIPLIES)
        product = multiply<wide_t, typename CONFIG::multiplier>(t, typename CONFIG::dyadic_t(multiplier));
    if (LEFT)
        product = raised<CONFIG>(product, left);
    typedef uint<CONFIG::shift_bits> shift_t;
    const shift_t amount = shift_t(CONFIG::leaky && t < 0 ? right + negative_shift : right);
    wide_t rounded;
    if (CONFIG::half_up && CONFIG::half_even)
        rounded = half_up ? round_half_up(product, amount) : round_half_even(product, amount);
    else if (CONFIG::half_up)
        rounded = round_half_up(product, amount);
    else
        rounded = round_half_even(product, amount);
    return T(clamp<wide_t>(wide_t(rounded + zero), wide_t(low), wide_t(high)));
}

// One value: bias, scale, requantisation. `row` and `lane` are those of the channel's constants.
template <class CONFIG, class OP, class T> inline T first_stage(const OP &op, T sum, int row, int lane) {
#pragma HLS INLINE
    T t = CONFIG::product_shift ? raised<CONFIG>(sum, op.product_shift) : sum;
    t += T(CONFIG::bias(row, lane));
    if (CONFIG::scale) {
        const T scaled = multiply<T, typename CONFIG::multiplier>(t, typename CONFIG::scale_t(CONFIG::scale_of(row, lane)));
        t = raised<CONFIG>(scaled, op.scale_shift) + T(CONFIG::offset(row, lane));
    }
    if (CONFIG::thresholds > 0 && op.thresholds > 0) {
        T level = T(op.level(0));
        for (int i = 0; i < CONFIG::thresholds; i++) {
#pragma HLS UNROLL
            if (i < op.thresholds && t >= T(CONFIG::threshold(i, row, lane)))
                level = T(op.level(i + 1));
        }
        return level;
    }
    const T y = dyadic<CONFIG, CONFIG::multiplies, CONFIG::left_shifts>(
        t, CONFIG::multiplier_of(row, lane), CONFIG::left(row, lane), CONFIG::right(row, lane), op.half_up != 0,
        op.negative_shift, op.zero, op.low, op.high);
    return op.plain ? t : y;
}

// A map's value with its factor in an addition: a power of two, where all factors are.
template <class CONFIG, class T> inline T weighed(T value, int factor) {
#pragma HLS INLINE
    return CONFIG::add_weights ? multiply<T, typename CONFIG::multiplier>(value, typename CONFIG::factor_t(factor))
                               : raised<CONFIG>(value, factor);
}

// The addition behind the first requantisation, and its own.
template <class CONFIG, class OP, class T> inline T second_stage(const OP &op, T sum) {
#pragma HLS INLINE
    const T t = sum + T(op.add_bias);
    const T y = dyadic<CONFIG, CONFIG::add_multiplies, CONFIG::add_left_shifts>(
        t, op.add_multiplier, op.add_left, op.add_right, op.add_half_up != 0, op.add_negative_shift, op.add_zero,
        op.add_low, op.add_high);
    return op.add_plain ? t : y;
}

} // namespace folded
} // namespace hlsq

#endif
