// Which replicas hear each other, and since when. Cuts may be one-way. The store of the desired
// replicas and the record is another network: each replica has its own cut from it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/instant.hpp"
#include "core/base/limits.hpp"

namespace quorate::sim {

class Network {
  public:
    static constexpr std::size_t size = limits::replicas_max;

    bool hears(std::uint8_t from, std::uint8_t to) const {
        return from == to || (!cut_[from][to] && !expired_[from] && !expired_[to]);
    }
    bool linked(std::uint8_t a, std::uint8_t b) const { return hears(a, b) && hears(b, a); }

    // Both ways, without a break.
    Instant linked_since(std::uint8_t a, std::uint8_t b) const {
        return since_[a][b] < since_[b][a] ? since_[b][a] : since_[a][b];
    }

    void cut(std::uint8_t from, std::uint8_t to) { cut_[from][to] = true; }
    void mend(std::uint8_t from, std::uint8_t to, Instant now) {
        if (!cut_[from][to]) return;
        cut_[from][to] = false;
        since_[from][to] = now;
    }
    void heal(Instant now) {
        for (std::uint8_t a = 0; a < size; ++a)
            for (std::uint8_t b = 0; b < size; ++b)
                mend(a, b, now);
    }

    // What is larger than a frame gets lost on the way to and from there (simulator.md 3.4, N9).
    static constexpr std::size_t small = 4;  // entries
    void swallow(std::uint8_t replica, bool large) { swallows_[replica] = large; }
    bool swallows(std::uint8_t a, std::uint8_t b) const { return swallows_[a] || swallows_[b]; }

    // Its certificate is of no use: nobody connects to it or is connected to by it, and its own
    // agent not to its etcd (N11).
    void expire(std::uint8_t replica, bool expired, Instant now) {
        if (expired_[replica] && !expired)
            for (std::uint8_t other = 0; other < size; ++other)
                since_[replica][other] = since_[other][replica] = now;
        expired_[replica] = expired;
    }
    bool expired(std::uint8_t replica) const { return expired_[replica]; }
    // As a client of etcd there, also of the own one.
    bool connects(std::uint8_t from, std::uint8_t to) const {
        return linked(from, to) && !expired_[to];
    }

    bool reaches_store(std::uint8_t replica) const { return !store_cut_[replica]; }
    bool store_is_away() const {  // from everybody
        return std::all_of(store_cut_.begin(), store_cut_.end(), [](bool cut) { return cut; });
    }
    void cut_store(std::uint8_t replica, bool cut) { store_cut_[replica] = cut; }

    bool whole() const {
        for (std::uint8_t a = 0; a < size; ++a) {
            if (store_cut_[a] || expired_[a]) return false;
            for (std::uint8_t b = 0; b < size; ++b)
                if (cut_[a][b]) return false;
        }
        return true;
    }

    // What befalls messages that are not cut off: lost, later than they should be, or twice.
    struct Weather {
        std::uint32_t lost = 0;              // per cent
        std::uint32_t twice = 0;             // per cent
        Span later;                          // at most
        std::uint32_t entries_a_second = 0;  // that a link carries, a KiB each; 0: all
        bool operator==(const Weather&) const = default;
    };
    Weather weather;

  private:
    std::array<std::array<bool, size>, size> cut_{};
    std::array<std::array<Instant, size>, size> since_{};
    std::array<bool, size> store_cut_{};
    std::array<bool, size> swallows_{};
    std::array<bool, size> expired_{};
};

}  // namespace quorate::sim
