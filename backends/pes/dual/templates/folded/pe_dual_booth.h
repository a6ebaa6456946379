#ifndef HLSQ_FOLDED_PE_DUAL_BOOTH_H_
#define HLSQ_FOLDED_PE_DUAL_BOOTH_H_

#include "forms.h"
#include "side_by_side.h"

namespace hlsq {
namespace folded {

// Multiplies by an integer or by a power of two, as the instruction says, with one datapath: a weight is decoded into
// signed digits of radix 4 (-2 to 2), and the tap's multiples that they select are added. A power of two has one digit
// that is not zero, so a shift takes no shifter. Decoding is done once for all positions that share the weight. Engines that multiply in fabric have these PEs too: a
// product takes half the LUTs of a multiplier whose operands are both unknown.
// A digit is [negative | two | one].
template <class CONFIG> struct pe_dual_booth {
    static const int digits_of_integer = (CONFIG::code_bits + 1) / 2;
    static const int digits_of_power = CONFIG::max_exponent / 2 + 1;
    static const int digits = digits_of_integer > digits_of_power ? digits_of_integer : digits_of_power;
    static const int operand_bits = 3 * digits;

    template <class V> static V decode(V code, int bits, int form) {
#pragma HLS INLINE
        const int top = 1 << (bits - 1);
        const V sign = bit_of(code, bits - 1);
        // Of an integer, doubled: below its lowest digit there is a zero. Of a power, its exponent and one.
        const V doubled = V(sign_extended(code, bits) << 1);
        const V magnitude = form == SIGN ? V((code & 0) + 1) : V(code & (top - 1));
        V operand = code & 0;
        for (int i = 0; i < digits; i++) {
#pragma HLS UNROLL
            V one, two, minus;
            if (form == INTEGER) {
                const V high = bit_of(doubled, 2 * i + 2), middle = bit_of(doubled, 2 * i + 1), low = bit_of(doubled, 2 * i);
                one = middle ^ low;
                two = (high ^ middle) & (1 - one);
                minus = high & (1 - (middle & low));
            } else {
                one = is_equal(magnitude, 2 * i + 1);
                two = is_equal(magnitude, 2 * i + 2);
                minus = sign & (one | two);
            }
            operand = operand | V(one | two << 1 | minus << 2) << (3 * i);
        }
        return operand;
    }

    template <class V, class OPERAND> static V apply(V tap, OPERAND operand) {
#pragma HLS INLINE
        const V digit = V(operand);
        V row = tap & 0, product = tap & 0;
        for (int i = 0; i < digits; i++) {
#pragma HLS UNROLL
            const V multiple = where(bit_of(digit, 3 * i), tap) | where(bit_of(digit, 3 * i + 1), V(tap << 1));
            const V minus = bit_of(digit, 3 * i + 2);
            // A carry chain of a LUT a bit: selection and sign come before the carry. Two bits are whole behind each.
            row = narrowed<CONFIG::multiple_bits>(V(V(row >> 2) + V(multiple ^ V(-minus)) + minus));
            product = product | V((i < digits - 1 ? V(row & 3) : row) << (2 * i));
        }
        return product;
    }
};

} // namespace folded
} // namespace hlsq

#endif
