// CRC-32C (Castagnoli), the checksum of a journal record. On x86-64 with SSE4.2 the instruction of
// the processor is used, elsewhere tables; both give the same value, so a journal may move between
// machines.
#pragma once

#include <cstdint>
#include <string_view>

namespace quorate::wire {

// Continues from `before`, the checksum of the bytes that came earlier; 0 starts.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The form that runs everywhere: eight tables, eight bytes at a time.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

}  // namespace quorate::wire
