#include "core/wire/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace quorate::wire {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bits reversed

using Table = std::array<std::uint32_t, 256>;

// tables[k][b]: what byte b contributes when k more bytes follow it in the group of eight.
constexpr std::array<Table, 8> make_tables() {
    std::array<Table, 8> tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit)
            value = (value >> 1) ^ ((value & 1U) != 0 ? kPolynomial : 0U);
        tables[0][byte] = value;
    }
    for (std::size_t k = 1; k < 8; ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t last = tables[k - 1][byte];
            tables[k][byte] = (last >> 8) ^ tables[0][last & 0xffU];
        }
    }
    return tables;
}

constexpr std::array<Table, 8> kTables = make_tables();

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes,
                                                               std::uint32_t before) {
    std::uint64_t crc = ~before;
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        crc = __builtin_ia32_crc32di(crc, word);
        bytes.remove_prefix(8);
    }
    auto narrow = static_cast<std::uint32_t>(crc);
    for (const char byte : bytes)
        narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(byte));
    return ~narrow;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) {
    std::uint32_t crc = ~before;
    while (bytes.size() >= 8) {
        crc ^= byte_at(bytes, 0) | byte_at(bytes, 1) << 8 | byte_at(bytes, 2) << 16 |
               byte_at(bytes, 3) << 24;
        crc = kTables[7][crc & 0xffU] ^ kTables[6][(crc >> 8) & 0xffU] ^
              kTables[5][(crc >> 16) & 0xffU] ^ kTables[4][crc >> 24] ^
              kTables[3][byte_at(bytes, 4)] ^ kTables[2][byte_at(bytes, 5)] ^
              kTables[1][byte_at(bytes, 6)] ^ kTables[0][byte_at(bytes, 7)];
        bytes.remove_prefix(8);
    }
    for (std::size_t at = 0; at < bytes.size(); ++at)
        crc = (crc >> 8) ^ kTables[0][(crc ^ byte_at(bytes, at)) & 0xffU];
    return ~crc;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return by_instruction(bytes, before);
#endif
    return crc32c_by_table(bytes, before);
}

}  // namespace quorate::wire
