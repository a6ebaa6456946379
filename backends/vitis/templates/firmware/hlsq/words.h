#ifndef HLSQ_WORDS_H_
#define HLSQ_WORDS_H_

#include "types.h"

namespace hlsq {

// How many words of a stream or an array make up a packet: more than one where it is wider than a tool's words can be.
// The last one is then filled up.
template <class PACKET, class WORD> struct count_of_words {
    static const int count = (PACKET::size + WORD::size - 1) / WORD::size;
};
template <class PACKET, class END> struct words_of;
template <class PACKET, class WORD>
struct words_of<PACKET, hls::stream<WORD>> : count_of_words<PACKET, WORD> {};
template <class PACKET, class WORD, int TRANSFERS>
struct words_of<PACKET, array_reader<WORD, TRANSFERS>> : count_of_words<PACKET, WORD> {};
template <class PACKET, class WORD, int TRANSFERS>
struct words_of<PACKET, array_writer<WORD, TRANSFERS>> : count_of_words<PACKET, WORD> {};

// Packets as they arrive, a word an iteration.
template <class PACKET, int WORDS> class gathered_words {
    static const int size = (PACKET::size + WORDS - 1) / WORDS;
    typename PACKET::value_type value[WORDS * size];
    counter<0, WORDS> word;

  public:
    gathered_words() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = value complete dim = 0
        word = 0;
    }

    // Takes a word; true, and the packet in `out`, when it was the last.
    template <class SOURCE> bool take(SOURCE &input, PACKET &out) {
#pragma HLS INLINE
        const packet<typename PACKET::value_type, size> next = input.read();
#ifdef HLSQ_REGISTERS
        for (int c = 0; c + size < WORDS * size; c++) {
#pragma HLS UNROLL
            value[c] = value[c + size];
        }
        const int first = (WORDS - 1) * size;
#else
        const int first = word * size;
#endif
        for (int c = 0; c < size; c++) {
#pragma HLS UNROLL
            value[first + c] = next[c];
        }
        word = after<WORDS>(word);
        for (int c = 0; c < PACKET::size; c++) {
#pragma HLS UNROLL
            out[c] = value[c];
        }
        return word == 0;
    }
};
template <class PACKET> class gathered_words<PACKET, 1> {
  public:
    template <class SOURCE> bool take(SOURCE &input, PACKET &out) {
#pragma HLS INLINE
        out = input.read();
        return true;
    }
};
template <class PACKET, class SOURCE> using gathered = gathered_words<PACKET, words_of<PACKET, SOURCE>::count>;

// Packets as they leave, a word an iteration: those of the last packet must be gone before the next is put.
template <class PACKET, int WORDS> class sent_words {
    static const int size = (PACKET::size + WORDS - 1) / WORDS;
    typename PACKET::value_type value[WORDS * size];
    counter<0, WORDS> left;

  public:
    sent_words() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = value complete dim = 0
        left = 0;
        for (int c = PACKET::size; c < WORDS * size; c++) {
#pragma HLS UNROLL
            value[c] = 0;
        }
    }

    template <class SINK> void put(const PACKET &given, SINK &) {
#pragma HLS INLINE
        for (int c = 0; c < PACKET::size; c++) {
#pragma HLS UNROLL
            value[c] = given[c];
        }
        left = WORDS;
    }

    // Whether a word had still to be sent, which is then gone.
    template <class SINK> bool send(SINK &output) {
#pragma HLS INLINE
        if (left == 0)
            return false;
        packet<typename PACKET::value_type, size> word;
        for (int c = 0; c < size; c++) {
#pragma HLS UNROLL
            word[c] = value[c];
        }
        for (int c = 0; c + size < WORDS * size; c++) {
#pragma HLS UNROLL
            value[c] = value[c + size];
        }
        output.write(word);
        left--;
        return true;
    }
};
template <class PACKET> class sent_words<PACKET, 1> {
  public:
    template <class SINK> void put(const PACKET &given, SINK &output) {
#pragma HLS INLINE
        output.write(given);
    }
    template <class SINK> bool send(SINK &) {
#pragma HLS INLINE
        return false;
    }
};
template <class PACKET, class SINK> using sent = sent_words<PACKET, words_of<PACKET, SINK>::count>;

} // namespace hlsq

#endif
