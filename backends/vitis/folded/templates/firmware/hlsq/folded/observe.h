#ifndef HLSQ_FOLDED_OBSERVE_H_
#define HLSQ_FOLDED_OBSERVE_H_

// C simulation only: hands every integer that an instruction computes to whoever asked for the tensors it belongs to.

#ifndef __SYNTHESIS__

#include "../trace.h"

namespace hlsq {
namespace folded {

// For instruction n and stage s: index[2n + s] is {first view, number of views}; a view is {tensor, channels of a pixel,
// first lane in `lanes`, number of lanes}; lanes hold the channel of each lane, or -1.
struct observed {
    const std::int32_t (*index)[2];
    const std::int32_t (*views)[4];
    const std::int32_t *lanes;
};

template <class VIEWS, int LANES, class T>
inline void observe(int instruction, int stage, long long pixel, int first, int count, const T (&values)[LANES]) {
    if (trace_sinks() == nullptr)
        return;
    const observed table = VIEWS::table();
    const std::int32_t *range = table.index[2 * instruction + stage];
    for (int v = range[0]; v < range[0] + range[1]; v++) {
        const std::int32_t *view = table.views[v];
        for (int l = 0; l < count && first + l < view[3]; l++) {
            const int channel = table.lanes[view[2] + first + l];
            if (channel >= 0)
                trace_sinks()[view[0]][pixel * view[1] + channel] = to_host(values[l]);
        }
    }
}

} // namespace folded
} // namespace hlsq

#endif
#endif
