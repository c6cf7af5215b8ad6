// What the program has taken from the heap: heap.cpp replaces operator new. Of one thread.
#pragma once

#include <cstdint>

namespace quorate::bench {

struct Heap {
    std::int64_t allocations = 0;
    std::int64_t bytes = 0;  // held now, as the allocator rounds them
    std::int64_t bytes_most = 0;
};
extern Heap heap;

}  // namespace quorate::bench
