#ifndef HLSQ_LANES_H_
#define HLSQ_LANES_H_

#include "types.h"

namespace hlsq {

// SIZE values in registers of which COUNT at a time stand in front of what computes with them: they move past it, and are
// back home when all were there. In simulation, where moving is work, the front moves instead.
template <class T, int SIZE, int COUNT> class lanes {
    T value[SIZE];
#ifndef HLSQ_REGISTERS
    int front;
#endif

  public:
    lanes() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = value complete dim = 0
        for (int i = 0; i < SIZE; i++) {
#pragma HLS UNROLL
            value[i] = 0;
        }
#ifndef HLSQ_REGISTERS
        front = 0;
#endif
    }

    // At home, value i; else the i-th from the front.
    T &operator[](int i) {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        return value[i];
#else
        return value[front + i];
#endif
    }

    void next() {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        T moved[SIZE];
#pragma HLS ARRAY_PARTITION variable = moved complete dim = 0
        for (int i = 0; i < SIZE; i++) {
#pragma HLS UNROLL
            moved[i] = value[(i + COUNT) % SIZE];
        }
        for (int i = 0; i < SIZE; i++) {
#pragma HLS UNROLL
            value[i] = moved[i];
        }
#else
        front = front + COUNT == SIZE ? 0 : front + COUNT;
#endif
    }
};

// Output values as they are finished, output_block at a time, until a packet is whole. They move up, so that each comes to
// its place without being addressed.
template <class CONFIG> class output_packet {
    typedef typename CONFIG::value_t value_t;
    static const int slots = CONFIG::output_slots;
    value_t done[slots];
    counter<0, CONFIG::output_steps> group;

  public:
    output_packet() {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = done complete dim = 0
        group = 0;
    }

    // The output group that is finished next.
    int next_group() const {
#pragma HLS INLINE
        return group;
    }

    // Takes an output group; true, and the packet in `out`, when it was the last.
    template <class OUT> bool put(const value_t finished[CONFIG::output_block], OUT &out) {
#pragma HLS INLINE
#ifdef HLSQ_REGISTERS
        for (int o = 0; o + CONFIG::output_block < slots; o++) {
#pragma HLS UNROLL
            done[o] = done[o + CONFIG::output_block];
        }
        const int first = slots - CONFIG::output_block;
#else
        const int first = group * CONFIG::output_block;
#endif
        for (int o = 0; o < CONFIG::output_block; o++) {
#pragma HLS UNROLL
            done[first + o] = finished[o];
        }
        const bool whole = group == CONFIG::output_steps - 1;
        group = after<CONFIG::output_steps>(group);
        if (whole) {
            for (int o = 0; o < OUT::size; o++) {
#pragma HLS UNROLL
                out[o] = done[o];
            }
        }
        return whole;
    }
};

// Finishes the output group whose values are in front and brings the next ones there; true when `out` is whole.
template <class CONFIG, class LANES, class OUT>
inline bool finish_group(LANES &values, output_packet<CONFIG> &outputs, OUT &out) {
#pragma HLS INLINE
    const int group = outputs.next_group();
    typename CONFIG::value_t finished[CONFIG::output_block];
#pragma HLS ARRAY_PARTITION variable = finished complete dim = 0
    for (int o = 0; o < CONFIG::output_block; o++) {
#pragma HLS UNROLL
        finished[o] = CONFIG::finish(values[o], group, o);
    }
    values.next();
    return outputs.put(finished, out);
}

} // namespace hlsq

#endif
