#ifndef HLSQ_FOLDED_PE_DUAL_H_
#define HLSQ_FOLDED_PE_DUAL_H_

#include "../types.h"
#include "forms.h"

namespace hlsq {
namespace folded {

// Multiplies by an integer or by a power of two, as the instruction says, with one datapath: a weight is decoded into
// signed digits of radix 4 (-2 to 2), and the tap's multiples that they select are added. A power of two has one digit
// that is not zero, so a shift takes no shifter. Decoding is done once for all positions that share the weight.
// A digit is [negative | two | one].
template <class CONFIG> struct pe_dual_booth {
    typedef typename CONFIG::product_t product_t;
    typedef typename CONFIG::operand_t operand_t;
    static const int digits_of_integer = (CONFIG::code_bits + 1) / 2;
    static const int digits_of_power = CONFIG::max_exponent / 2 + 1;
    static const int digits = digits_of_integer > digits_of_power ? digits_of_integer : digits_of_power;
    static const int operand_bits = 3 * digits;

    template <class CODE> static operand_t decode(CODE code, int bits, int form) {
#pragma HLS INLINE
        const bool negative = ((code >> (bits - 1)) & 1) != 0;
        const int magnitude = form == SIGN ? 1 : int(code & ((1 << (bits - 1)) - 1));
        const int exponent = magnitude - 1;
        const int top = 1 << (bits - 1);
        // Twice the integer: below its lowest digit there is a zero.
        const long long integer = (long long)((int(code) ^ top) - top) * 2;
        long long operand = 0;
        for (int i = 0; i < digits; i++) {
#pragma HLS UNROLL
            const int three = int(integer >> (2 * i)) & 7;
            const bool at_digit = magnitude != 0 && exponent >> 1 == i;
            const bool one = form == INTEGER ? three == 1 || three == 2 || three == 5 || three == 6 : at_digit && !(exponent & 1);
            const bool two = form == INTEGER ? three == 3 || three == 4 : at_digit && (exponent & 1);
            const bool minus = form == INTEGER ? three >= 4 && three != 7 : at_digit && negative;
            operand |= (long long)(int(one) | int(two) << 1 | int(minus) << 2) << (3 * i);
        }
        return operand_t(operand);
    }

    template <class TAP> static product_t apply(TAP tap, operand_t operand) {
#pragma HLS INLINE
        product_t sum = 0;
        for (int i = 0; i < digits; i++) {
#pragma HLS UNROLL
            const product_t once = product_t(tap) & product_t(-product_t((operand >> (3 * i)) & 1));
            const product_t twice = product_t(shift_left<product_t>(tap, uint<1>(1))) & product_t(-product_t((operand >> (3 * i + 1)) & 1));
            const product_t minus = product_t((operand >> (3 * i + 2)) & 1);
            const product_t row = product_t((once | twice) ^ product_t(-minus)) + minus;
            sum += shift_left<product_t>(row, uint<6>(2 * i));
        }
        return sum;
    }
};

// The same with a multiplier, a shifter and a selector behind them (DoubleQExt Fig. 5).
template <class CONFIG> struct pe_dual_mux {
    typedef typename CONFIG::product_t product_t;
    typedef typename CONFIG::operand_t operand_t;
    static const int exponent_bits = at_least_one(bits_of(CONFIG::max_exponent));
    static const int number_bits = CONFIG::code_bits > exponent_bits + 2 ? CONFIG::code_bits : exponent_bits + 2;
    static const int operand_bits = number_bits + 1;

    // [shifts | integer], or [shifts | negative | not zero | exponent].
    template <class CODE> static operand_t decode(CODE code, int bits, int form) {
#pragma HLS INLINE
        const int top = 1 << (bits - 1);
        const bool negative = ((code >> (bits - 1)) & 1) != 0;
        const int magnitude = form == SIGN ? 1 : int(code & (top - 1));
        const int exponent = magnitude == 0 ? 0 : magnitude - 1;
        const int power = exponent | int(magnitude != 0) << exponent_bits | int(negative) << (exponent_bits + 1);
        const int integer = ((int(code) ^ top) - top) & ((1 << number_bits) - 1);
        return operand_t((form == INTEGER ? integer : power) | int(form != INTEGER) << number_bits);
    }

    template <class TAP> static product_t apply(TAP tap, operand_t operand) {
#pragma HLS INLINE
        typedef uint<exponent_bits> exponent_t;
        const int top = 1 << (number_bits - 1);
        const int number = int(operand & ((1 << number_bits) - 1));
        const product_t product = multiply<product_t, typename CONFIG::multiplier>(tap, typename CONFIG::weight_t((number ^ top) - top));
        const product_t shifted = shift_left<product_t>(tap, exponent_t(number & ((1 << exponent_bits) - 1)));
        const product_t magnitude = ((number >> exponent_bits) & 1) != 0 ? shifted : product_t(0);
        const product_t power = ((number >> (exponent_bits + 1)) & 1) != 0 ? product_t(-magnitude) : magnitude;
        return ((operand >> number_bits) & 1) != 0 ? power : product;
    }
};

} // namespace folded
} // namespace hlsq

#endif
