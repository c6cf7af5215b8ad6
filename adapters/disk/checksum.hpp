// The two checksums of etcd's files: CRC-32C (WAL records, .snap files; also our identity file) and
// FNV-1a 64 (meta pages of bbolt).
#pragma once

#include <cstdint>
#include <string_view>

namespace quorate::disk {

// Goes on from `crc`, the checksum of what came before; 0 at the beginning.
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);

std::uint64_t fnv1a64(std::string_view bytes);

}  // namespace quorate::disk
