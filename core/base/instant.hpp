// Time as data: integer microseconds. An Instant is read by adapters/clock alone and reaches the
// core inside an Event; nothing in the core can ask for one.
#pragma once

#include <compare>
#include <cstdint>

namespace quorate {

struct Span {
    std::int64_t us = 0;
    constexpr auto operator<=>(const Span&) const = default;
};

struct Instant {
    std::int64_t us = 0;  // since the Unix epoch in production, since the start of the run in sim
    constexpr auto operator<=>(const Instant&) const = default;
};

constexpr Span microseconds(std::int64_t n) { return Span{n}; }
constexpr Span milliseconds(std::int64_t n) { return Span{n * 1'000}; }
constexpr Span seconds(std::int64_t n) { return Span{n * 1'000'000}; }
constexpr Span minutes(std::int64_t n) { return seconds(n * 60); }
constexpr Span hours(std::int64_t n) { return minutes(n * 60); }

constexpr Instant operator+(Instant at, Span span) { return Instant{at.us + span.us}; }
constexpr Instant operator-(Instant at, Span span) { return Instant{at.us - span.us}; }
constexpr Span operator-(Instant later, Instant earlier) { return Span{later.us - earlier.us}; }
constexpr Span operator+(Span a, Span b) { return Span{a.us + b.us}; }
constexpr Span operator*(Span span, std::int64_t n) { return Span{span.us * n}; }

}  // namespace quorate
