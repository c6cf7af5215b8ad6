// Randomness as counter-based streams, one per (entity, purpose): one more draw somewhere shifts
// nobody else's, so that a changed run stays comparable with the one before.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/instant.hpp"
#include "core/base/mix.hpp"

namespace quorate::sim {

enum class Purpose : std::uint8_t {
    raft_timeout,
    raft_delay,
    boot,
    identity,
    agent_delay,
    command_delay,
    watch_delay,
    pod,
    client,
    outcome,
    fault,
    weather,
    conflict,
    peer_delay,
    api,
    names,
    count_,
};

class Streams {
  public:
    static constexpr std::uint8_t world = 15;  // the entity that is nobody's ordinal

    explicit Streams(std::uint64_t seed) : seed_(seed) {}

    std::uint64_t draw(std::uint8_t entity, Purpose purpose) {
        const auto lane = static_cast<std::size_t>(purpose);
        const std::uint64_t n = ++drawn_[entity][lane];
        return mix(mix(seed_, (std::uint64_t{entity} << 8) | lane), n);
    }

    // In [0, bound); 0 when the bound is 0.
    std::uint64_t below(std::uint8_t entity, Purpose purpose, std::uint64_t bound) {
        return bound == 0 ? 0 : draw(entity, purpose) % bound;
    }

    bool chance(std::uint8_t entity, Purpose purpose, std::uint32_t percent) {
        return below(entity, purpose, 100) < percent;
    }

    Span between(std::uint8_t entity, Purpose purpose, Span least, Span most) {
        const auto width = static_cast<std::uint64_t>(most.us - least.us + 1);
        return Span{least.us + static_cast<std::int64_t>(below(entity, purpose, width))};
    }

  private:
    std::uint64_t seed_;
    std::array<std::array<std::uint64_t, static_cast<std::size_t>(Purpose::count_)>, 16> drawn_{};
};

}  // namespace quorate::sim
