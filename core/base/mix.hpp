// Integer mixing without state: nonces drawn from one seed, digests, tokens. Not cryptographic.
#pragma once

#include <cstdint>
#include <string_view>

namespace quorate {

// The finisher of splitmix64: every input bit reaches every output bit.
constexpr std::uint64_t scramble(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

constexpr std::uint64_t mix(std::uint64_t into, std::uint64_t value) {
    return scramble(into ^ scramble(value));
}

constexpr std::uint64_t mix_text(std::uint64_t into, std::string_view text) {
    for (const char c : text)
        into = mix(into, static_cast<unsigned char>(c));
    return mix(into, text.size());
}

}  // namespace quorate
