#ifndef HLSQ_FOLDED_MAPS_H_
#define HLSQ_FOLDED_MAPS_H_

// Feature maps in on-chip memory, and pointers to their pixels.

#include "../types.h"

namespace hlsq {
namespace folded {

// Pixel n of a map lies in bank n % banks. Pointers go by steps that are pairs of bank and address themselves, so going on
// is an addition and a carry.
template <class MAP>
inline void go(typename MAP::bank_t &bank, typename MAP::address_t &address, int step_bank, int step_address, int pitch) {
#pragma HLS INLINE
    const int next = int(bank) + step_bank;
    const bool over = next >= MAP::banks;
    bank = over ? next - MAP::banks : next;
    address = int(address) + step_address + (over ? pitch : 0);
}

// Lane l of granule g of values; a granule that is none of them is not looked at.
template <class MAP, class T, int LANES> inline T granule_of(const T (&values)[LANES], int g, int l) {
#pragma HLS INLINE
    T value = values[l];
    for (int i = 1; i < LANES / MAP::granule; i++) {
#pragma HLS UNROLL
        if (i == g)
            value = values[i * MAP::granule + l];
    }
    return value;
}

// Memories whose words hold `word` lanes, of which `granule` can be written alone. Each has a port to read and one to
// write.
template <class MAP> struct feature_maps {
    typedef typename MAP::lane_t lane_t;
    static const int granules = MAP::word / MAP::granule;
    lane_t first[MAP::banks][granules][MAP::depth0][MAP::granule];
    lane_t second[MAP::banks][granules][MAP::depth1][MAP::granule];
#ifdef HLSQ_REGISTERS
    // What each of them writes in this iteration.
    bool writes[2], chosen[2][granules];
    typename MAP::bank_t bank[2];
    typename MAP::address_t at[2];
    lane_t written[2][granules][MAP::granule];
#endif

    feature_maps() {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
#pragma HLS ARRAY_PARTITION variable = writes complete
#pragma HLS ARRAY_PARTITION variable = chosen complete dim = 0
#pragma HLS ARRAY_PARTITION variable = bank complete
#pragma HLS ARRAY_PARTITION variable = at complete
#pragma HLS ARRAY_PARTITION variable = written complete dim = 0
        writes[0] = writes[1] = false;
#endif
#pragma HLS ARRAY_PARTITION variable = first complete dim = 1
#pragma HLS ARRAY_PARTITION variable = first complete dim = 2
#pragma HLS ARRAY_RESHAPE variable = first complete dim = 4
#pragma HLS BIND_STORAGE variable = first type = ram_s2p impl = bram
#pragma HLS ARRAY_PARTITION variable = second complete dim = 1
#pragma HLS ARRAY_PARTITION variable = second complete dim = 2
#pragma HLS ARRAY_RESHAPE variable = second complete dim = 4
#pragma HLS BIND_STORAGE variable = second type = ram_s2p impl = bram
    }

    // One word of every bank of both.
    void read(const typename MAP::address_t (&at_first)[MAP::banks], const typename MAP::address_t (&at_second)[MAP::banks],
              lane_t (&from_first)[MAP::banks][MAP::word], lane_t (&from_second)[MAP::banks][MAP::word]) const {
#pragma HLS INLINE
        for (int b = 0; b < MAP::banks; b++) {
#pragma HLS UNROLL
            for (int i = 0; i < MAP::word; i++) {
#pragma HLS UNROLL
                const int g = i / MAP::granule, l = i % MAP::granule;
                from_first[b][i] = at_first[b] < MAP::depth0 ? first[b][g][at_first[b]][l] : lane_t(0);
                from_second[b][i] = at_second[b] < MAP::depth1 ? second[b][g][at_second[b]][l] : lane_t(0);
            }
        }
    }

#ifndef HLSQ_REGISTERS
    // A word of one bank.
    void copy(int memory, int bank, int address, lane_t (&word)[MAP::word]) const {
        for (int g = 0; g < granules; g++) {
            const lane_t *lanes = memory == 0 ? first[bank][g][address] : second[bank][g][address];
            for (int l = 0; l < MAP::granule; l++)
                word[g * MAP::granule + l] = lanes[l];
        }
    }
#endif

    // `count` granules of a word from granule `from` on: once for each memory in an iteration, which ends with
    // write_ports().
    template <int LANES>
    void write(int memory, int to_bank, int address, int from, int count, const lane_t (&values)[LANES]) {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        for (int m = 0; m < 2; m++) {
#pragma HLS UNROLL
            if (m == memory) {
                writes[m] = true;
                bank[m] = to_bank;
                at[m] = address;
                for (int g = 0; g < granules; g++) {
#pragma HLS UNROLL
                    chosen[m][g] = g >= from && g < from + count;
                    for (int l = 0; l < MAP::granule; l++) {
#pragma HLS UNROLL
                        written[m][g][l] = granule_of<MAP>(values, g - from, l);
                    }
                }
            }
        }
#else
        for (int g = from; g < from + count && g < granules; g++) {
            for (int l = 0; l < MAP::granule; l++) {
                const lane_t value = granule_of<MAP>(values, g - from, l);
                if (memory == 0)
                    first[to_bank][g][address][l] = value;
                else
                    second[to_bank][g][address][l] = value;
            }
        }
#endif
    }

    // Whoever writes, an instruction or what is loaded beside it, each memory has one port for it.
    void write_ports() {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        for (int b = 0; b < MAP::banks; b++) {
#pragma HLS UNROLL
            for (int g = 0; g < granules; g++) {
#pragma HLS UNROLL
                for (int l = 0; l < MAP::granule; l++) {
#pragma HLS UNROLL
                    if (writes[0] && bank[0] == b && chosen[0][g])
                        first[b][g][at[0]][l] = written[0][g][l];
                    if (writes[1] && bank[1] == b && chosen[1][g])
                        second[b][g][at[1]][l] = written[1][g][l];
                }
            }
        }
        writes[0] = writes[1] = false;
#endif
    }
};

// The network's outputs, in the order in which they leave.
template <class MAP> struct output_words {
    typedef typename MAP::output_t output_t;
    static const int granules = MAP::word / MAP::granule;
    output_t words[granules][MAP::outputs][MAP::granule];

    output_words() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = words complete dim = 1
#pragma HLS ARRAY_RESHAPE variable = words complete dim = 3
    }

    template <int LANES> void write(int address, int from, int count, const output_t (&values)[LANES]) {
#pragma HLS INLINE
        for (int g = 0; g < granules; g++) {
#pragma HLS UNROLL
            if (g >= from && g < from + count) {
                for (int l = 0; l < MAP::granule; l++) {
#pragma HLS UNROLL
                    words[g][address][l] = granule_of<MAP>(values, g - from, l);
                }
            }
        }
    }
};

} // namespace folded
} // namespace hlsq

#endif
