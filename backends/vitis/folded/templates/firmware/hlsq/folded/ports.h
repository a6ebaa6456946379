#ifndef HLSQ_FOLDED_PORTS_H_
#define HLSQ_FOLDED_PORTS_H_

// From the input streams into feature maps, and from the words of the outputs into the output streams.

#include "background.h"
#include "maps.h"
#include "observe.h"

namespace hlsq {
namespace folded {

enum opcode { LOAD, RUN, EMIT };

// A map, word by word.
template <class VIEWS, class MAP, class OP, class PACKET, class BACKGROUND>
void load(const OP &op, int instruction, hls::stream<PACKET> &input, feature_maps<MAP> &maps, BACKGROUND &background) {
#pragma HLS INLINE
    typedef typename MAP::lane_t lane_t;
    typename MAP::bank_t bank = 0;
    typename MAP::address_t address = op.out_address;
    int pixel = 0, word = 0;
    loop_count counted(instruction);
WORDS:
    while (pixel < op.rows) {
#pragma HLS PIPELINE II = 1
        counted.next();
        background.next_word();
        const PACKET packet = input.read();
        lane_t values[MAP::word];
#pragma HLS ARRAY_PARTITION variable = values complete
        for (int i = 0; i < MAP::word; i++) {
#pragma HLS UNROLL
            values[i] = i < PACKET::size ? lane_t(packet[i % PACKET::size]) : lane_t(0);
        }
        maps.write(op.out_memory, bank, address + word, 0, MAP::word / MAP::granule, values);
#ifndef __SYNTHESIS__
        observe<VIEWS>(instruction, 0, pixel, word * MAP::word, MAP::word, values);
#endif
        if (word != op.chunks - 1) {
            word++;
            continue;
        }
        word = 0;
        pixel++;
        go<MAP>(bank, address, 1, 0, op.out_pitch);
    }
}

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
