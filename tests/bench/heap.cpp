#include "tests/bench/heap.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace quorate::bench {

Heap heap;

}  // namespace quorate::bench

using quorate::bench::heap;

void* operator new(std::size_t size) {
    void* block = std::malloc(size);
    if (block == nullptr) std::abort();
    ++heap.allocations;
    heap.bytes += static_cast<std::int64_t>(malloc_usable_size(block));
    heap.bytes_most = std::max(heap.bytes_most, heap.bytes);
    return block;
}

void operator delete(void* block) noexcept {
    heap.bytes -= static_cast<std::int64_t>(malloc_usable_size(block));
    std::free(block);
}

void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
