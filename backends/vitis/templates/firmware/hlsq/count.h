#ifndef HLSQ_COUNT_H_
#define HLSQ_COUNT_H_

// How often the loop of each block runs, which is how many cycles it takes at an initiation interval of 1. Counted in C
// simulation, where somebody asks; nothing of it is left in hardware.

#ifndef __SYNTHESIS__
#include <cstdint>
#endif

namespace hlsq {

#ifdef __SYNTHESIS__

struct loop_count {
    loop_count(int) {}
    void next() {}
};

#else

// One count for each tensor, or null: in this thread.
inline std::int64_t *&iteration_counts() {
    static thread_local std::int64_t *counts = nullptr;
    return counts;
}

class loop_count {
    const int number;
    std::int64_t count;

  public:
    loop_count(int tensor) : number(tensor), count(0) {}
    ~loop_count() {
        if (iteration_counts() != nullptr)
            iteration_counts()[number] += count;
    }
    void next() { count++; }
};

#endif

} // namespace hlsq

#endif
