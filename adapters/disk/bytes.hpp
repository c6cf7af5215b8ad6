// Numbers out of raw bytes. Each function wants at least as many bytes as it reads; the caller has
// checked that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quorate::disk {

constexpr std::uint8_t byte_of(char c) { return static_cast<std::uint8_t>(c); }

constexpr std::uint64_t load_le(std::string_view bytes, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value |= static_cast<std::uint64_t>(byte_of(bytes[i])) << (8 * i);
    }
    return value;
}

constexpr std::uint64_t load_le64(std::string_view bytes) { return load_le(bytes, 8); }
constexpr std::uint32_t load_le32(std::string_view bytes) {
    return static_cast<std::uint32_t>(load_le(bytes, 4));
}
constexpr std::uint16_t load_le16(std::string_view bytes) {
    return static_cast<std::uint16_t>(load_le(bytes, 2));
}

constexpr std::uint64_t load_be64(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
        value = value << 8 | byte_of(bytes[i]);
    return value;
}

}  // namespace quorate::disk
