#ifndef HLSQ_FOLDED_PORTS_H_
#define HLSQ_FOLDED_PORTS_H_

// From the input streams into feature maps, and from the words of the outputs into the output streams.

#include "background.h"
#include "maps.h"
#include "observe.h"

namespace hlsq {
namespace folded {

enum opcode { LOAD, RUN, EMIT };

// One word of a map from an input stream.
template <class MAP, class PACKET> void take_word(hls::stream<PACKET> &input, typename MAP::lane_t (&values)[MAP::word]) {
#pragma HLS INLINE
    const PACKET packet = input.read();
    for (int i = 0; i < MAP::word; i++) {
#pragma HLS UNROLL
        values[i] = i < PACKET::size ? typename MAP::lane_t(packet[i % PACKET::size]) : typename MAP::lane_t(0);
    }
}

// Loads a map, word by word: alone, or beside the steps of the next instruction. PORTS has the input streams by number.
template <class VIEWS, class MAP, class OP, class PORTS, class BACKGROUND> class loader {
    typedef typename MAP::lane_t lane_t;
    PORTS &ports;
    feature_maps<MAP> &maps;
    BACKGROUND &background;
    OP op;
    int number;
    typename MAP::groups_t pixel;
    typename MAP::chunk_t word;
    typename MAP::bank_t bank;
    typename MAP::address_t address;
    bool busy;

  public:
    loader(PORTS &inputs, feature_maps<MAP> &all, BACKGROUND &beside)
        : ports(inputs), maps(all), background(beside), busy(false) {
#pragma HLS INLINE
    }

    void run(const OP &given, int instruction) {
#pragma HLS INLINE
        op = given;
        number = instruction;
        pixel = 0;
        word = 0;
        bank = 0;
        address = op.out_address;
        busy = true;
        if (op.beside)
            return;
        loop_count counted(number);
    WORDS:
        while (busy) {
#pragma HLS PIPELINE II = 1
            counted.next();
            background.next_word();
            load_word();
            maps.write_ports();
        }
    }

    void next_word() {
#pragma HLS INLINE
        background.next_word();
    }

    // A word beside an instruction, unless that is at the same bank; `other` is its memory, or none.
    void beside(int other, typename MAP::bank_t other_bank) {
#pragma HLS INLINE
        if (MAP::loads_beside && busy && !(op.out_memory == other && bank == other_bank))
            load_word();
    }

    bool holds() const {
#pragma HLS INLINE
        return MAP::loads_beside && busy;
    }

  private:
    void load_word() {
#pragma HLS INLINE
        lane_t values[MAP::word];
#pragma HLS ARRAY_PARTITION variable = values complete
        ports.read(op.port, values);
        maps.write(1, op.out_memory, bank, address + word, 0, MAP::word / MAP::granule, values);
#ifndef __SYNTHESIS__
        observe<VIEWS>(number, 0, pixel, word * MAP::word, MAP::word, values);
#endif
        if (word != op.chunks - 1) {
            word++;
            return;
        }
        word = 0;
        pixel++;
        busy = pixel < op.rows;
        go<MAP>(bank, address, 1, 0, op.out_pitch);
    }
};

template <class MAP, class OP, class PACKET, class BACKGROUND>
void emit(const OP &op, int instruction, output_words<MAP> &outputs, hls::stream<PACKET> &output, BACKGROUND &background) {
#pragma HLS INLINE
    loop_count counted(instruction);
WORDS:
    for (int i = 0; i < op.rows; i++) {
#pragma HLS PIPELINE II = 1
        counted.next();
        background.next_word();
        PACKET packet;
        for (int c = 0; c < PACKET::size; c++) {
#pragma HLS UNROLL
            packet[c] = typename PACKET::value_type(outputs.words[c / MAP::granule][op.emit_address + i][c % MAP::granule]);
        }
        output.write(packet);
    }
}

} // namespace folded
} // namespace hlsq

#endif
