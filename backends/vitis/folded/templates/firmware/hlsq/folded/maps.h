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
    // What is written in this iteration.
    static const int writers = MAP::loads_beside ? 2 : 1;
    uint<1> to_memory[writers];
    typename MAP::bank_t to_bank[writers];
    typename MAP::address_t to_address[writers];
    bool to_granule[writers][granules];
    lane_t written[writers][granules][MAP::granule];
#endif

    feature_maps() {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
#pragma HLS ARRAY_PARTITION variable = to_memory complete
#pragma HLS ARRAY_PARTITION variable = to_bank complete
#pragma HLS ARRAY_PARTITION variable = to_address complete
#pragma HLS ARRAY_PARTITION variable = to_granule complete dim = 0
#pragma HLS ARRAY_PARTITION variable = written complete dim = 0
        for (int w = 0; w < writers; w++) {
#pragma HLS UNROLL
            for (int g = 0; g < granules; g++) {
#pragma HLS UNROLL
                to_granule[w][g] = false;
            }
        }
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

    // `count` granules of a word from granule `from` on: once an iteration for each writer, an instruction or what is loaded
    // beside it. The iteration ends with write_ports().
    template <int LANES>
    void write(int writer, int memory, int bank, int address, int from, int count, const lane_t (&values)[LANES]) {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        const int w = MAP::loads_beside ? writer : 0;
        to_memory[w] = memory;
        to_bank[w] = bank;
        to_address[w] = address;
        for (int g = 0; g < granules; g++) {
#pragma HLS UNROLL
            to_granule[w][g] = g >= from && g < from + count;
            for (int l = 0; l < MAP::granule; l++) {
#pragma HLS UNROLL
                written[w][g][l] = granule_of<MAP>(values, g - from, l);
            }
        }
#else
        for (int g = from; g < from + count && g < granules; g++) {
            for (int l = 0; l < MAP::granule; l++) {
                const lane_t value = granule_of<MAP>(values, g - from, l);
                if (memory == 0)
                    first[bank][g][address][l] = value;
                else
                    second[bank][g][address][l] = value;
            }
        }
#endif
    }

    // Each bank has one port to write, whoever writes there.
    void write_ports() {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        for (int b = 0; b < MAP::banks; b++) {
#pragma HLS UNROLL
            for (int g = 0; g < granules; g++) {
#pragma HLS UNROLL
                write_port(first, 0, b, g);
                write_port(second, 1, b, g);
            }
        }
        for (int w = 0; w < writers; w++) {
#pragma HLS UNROLL
            for (int g = 0; g < granules; g++) {
#pragma HLS UNROLL
                to_granule[w][g] = false;
            }
        }
#endif
    }

#ifdef HLSQ_REGISTERS
  private:
    template <int DEPTH>
    void write_port(lane_t (&memory)[MAP::banks][granules][DEPTH][MAP::granule], int number, int b, int g) {
#pragma HLS INLINE
        bool writes = false;
        typename MAP::address_t address = 0;
        lane_t values[MAP::granule];
#pragma HLS ARRAY_PARTITION variable = values complete
        for (int w = 0; w < writers; w++) {
#pragma HLS UNROLL
            if (to_granule[w][g] && to_memory[w] == number && to_bank[w] == b) {
                writes = true;
                address = to_address[w];
                for (int l = 0; l < MAP::granule; l++) {
#pragma HLS UNROLL
                    values[l] = written[w][g][l];
                }
            }
        }
        if (writes) {
            for (int l = 0; l < MAP::granule; l++) {
#pragma HLS UNROLL
                memory[b][g][address][l] = values[l];
            }
        }
    }
#endif
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
