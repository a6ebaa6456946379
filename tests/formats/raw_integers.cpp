// Prints what the ap_types classes make of the values that the test writes; see test_cpp_types.py.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <vector>

#include "ap_fixed.h"
#include "ap_int.h"

static std::vector<double> grid;

// Codes of all values of the grid, in units of 2^-frac, after conversion to the fixed-point type T.
template <class T> void convert(int frac) {
    for (double steps : grid) {
        T value = std::ldexp(steps, -frac);
        std::printf("%llu ", (unsigned long long)value.range(T::width - 1, 0).to_uint64());
    }
    std::printf("\n");
}

// All integers from lo to hi after a trip through the integer type T.
template <class T> void hold(long long lo, long long hi) {
    for (long long i = lo; i <= hi; i++) {
        T value = i;
        std::printf("%lld ", (long long)value.to_int64());
    }
    std::printf("\n");
}

// Integers of type T cut out of 16-bit words, the first code in the lowest bits.
template <class T> void cut(const std::vector<unsigned> &words) {
    for (ap_uint<16> word : words) {
        for (int low = 0; low + T::width <= 16; low += T::width) {
            T value = word.range(low + T::width - 1, low);
            std::printf("%lld ", (long long)value.to_int64());
        }
    }
    std::printf("\n");
}

// One shifted by 5-bit codes (sign, zero flag, exponent) cut out of 16-bit words.
static void shift(const std::vector<unsigned> &words) {
    for (ap_uint<16> word : words) {
        for (int low = 0; low + 5 <= 16; low += 5) {
            ap_uint<5> code = word.range(low + 4, low);
            ap_uint<3> exponent = code.range(2, 0);
            ap_int<9> value = code[3] ? ap_int<9>(0) : ap_int<9>(ap_int<9>(1) << exponent);
            if (code[4]) value = -value;
            std::printf("%lld ", (long long)value.to_int64());
        }
    }
    std::printf("\n");
}

int main(int argc, char **argv) {
    std::ifstream file(argv[1], std::ios::binary);
    for (double steps; file.read((char *)&steps, sizeof steps);) grid.push_back(steps);
#include "cases.inc"
    return 0;
}
