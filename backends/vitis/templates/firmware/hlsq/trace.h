#ifndef HLSQ_TRACE_H_
#define HLSQ_TRACE_H_

// C simulation only: copies the integers of a stream or array to the host without disturbing them.

#ifndef __SYNTHESIS__

#include "types.h"
#include <cstdint>

namespace hlsq {

// Where each tensor's integers go, or null when nobody asked: in this thread, since others may simulate meanwhile.
inline std::int64_t **&trace_sinks() {
    static thread_local std::int64_t **sinks = nullptr;
    return sinks;
}

template <class T> inline std::int64_t to_host(const T &value) {
#ifdef HLSQ_NATIVE_INT
    return std::int64_t(value);
#else
    return value.to_int64();
#endif
}

template <int POSITIONS, int PACKET, class WORD> void trace(int tensor, hls::stream<WORD> &stream) {
    if (trace_sinks() == nullptr)
        return;
    std::int64_t *&sink = trace_sinks()[tensor];
    for (int i = 0; i < POSITIONS; i++) {
        // The last word of a packet may be filled up.
        for (int left = PACKET; left > 0; left -= WORD::size) {
            const WORD word = stream.read();
            for (int c = 0; c < WORD::size && c < left; c++)
                *sink++ = to_host(word[c]);
            stream.write(word);
        }
    }
}

template <int POSITIONS, int PACKET, class WORD> void trace(int tensor, const WORD *words) {
    if (trace_sinks() == nullptr)
        return;
    std::int64_t *&sink = trace_sinks()[tensor];
    for (int i = 0; i < POSITIONS; i++) {
        for (int left = PACKET; left > 0; left -= WORD::size, words++) {
            for (int c = 0; c < WORD::size && c < left; c++)
                *sink++ = to_host((*words)[c]);
        }
    }
}

} // namespace hlsq

#endif
#endif
