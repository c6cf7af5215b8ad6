#include "adapters/disk/checksum.hpp"

#include <array>
#include <cstddef>

#include "adapters/disk/bytes.hpp"

namespace quorate::disk {
namespace {

constexpr std::uint32_t castagnoli_reversed = 0x82F63B78;

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b]: the effect of byte b with k bytes after it. Eight bytes are then folded at once,
// which is what makes a full WAL of several 64 MB segments a matter of a fraction of a second.
constexpr Table make_tables() {
    Table tables{};
    for (std::uint32_t b = 0; b < 256; ++b) {
        std::uint32_t crc = b;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? castagnoli_reversed : 0);
        }
        tables[0][b] = crc;
    }
    for (std::size_t b = 0; b < 256; ++b) {
        for (std::size_t k = 1; k < tables.size(); ++k) {
            const std::uint32_t before = tables[k - 1][b];
            tables[k][b] = (before >> 8) ^ tables[0][before & 0xFF];
        }
    }
    return tables;
}

constexpr Table tables = make_tables();

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
    crc = ~crc;
    while (bytes.size() >= 8) {
        const std::uint64_t word = load_le64(bytes) ^ crc;
        crc = 0;
        for (std::size_t k = 0; k < 8; ++k)
            crc ^= tables[7 - k][(word >> (8 * k)) & 0xFF];
        bytes.remove_prefix(8);
    }
    for (const char c : bytes)
        crc = (crc >> 8) ^ tables[0][(crc ^ byte_of(c)) & 0xFF];
    return ~crc;
}

std::uint64_t fnv1a64(std::string_view bytes) {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const char c : bytes)
        hash = (hash ^ byte_of(c)) * 0x100000001B3;
    return hash;
}

}  // namespace quorate::disk
