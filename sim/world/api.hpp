// The host's API servers: instances over the one store, each with a cache of its own that shows the
// store as it was so long ago. An agent watches and reads through the instance it is connected to,
// and sees that one's past; what it writes, and what it must know for sure, goes to the store.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "core/base/limits.hpp"
#include "core/model/policy.hpp"
#include "core/model/record.hpp"
#include "sim/world/store.hpp"

namespace quorate::sim {

class Api {
  public:
    static constexpr std::uint8_t instances = 3;
    static std::uint8_t numbered(std::uint8_t number) { return number % instances; }
    static constexpr std::size_t agents = limits::replicas_max;

    // What a cache may show: one state of what agents watch.
    struct Version {
        std::uint64_t number = 0;
        std::optional<Desired> desired;  // of a StatefulSet that is there
        std::optional<ClusterRecord> record;
    };

    // What faults do to the servers and to who asks them; nothing is wrong with a default one.
    struct Trouble {
        std::array<Span, instances> lag{};
        std::array<bool, agents> forbidden{};  // a token that expired, a role that was taken away
        std::array<Span, agents> batched{};    // news come together, once in so long
        std::uint32_t busy = 0;                // per cent of the requests are refused
        std::uint32_t repeated = 0;            // per cent of the news come again, late
        bool gone = false;                     // no watch is accepted: 410
        bool operator==(const Trouble&) const = default;
    };
    Trouble trouble;

    // The store is as it was never before: the number of this version.
    std::uint64_t note(const Store& store, bool set_is_there) {
        Version& version = kept_[++newest_ % remembered];
        version.number = newest_;
        version.desired.reset();
        if (set_is_there) version.desired = store.desired;
        version.record = store.record;
        // The host compacts: no cache shows what it does not keep.
        for (std::uint64_t& shown : shown_)
            if (shown + remembered <= newest_) shown = newest_ - remembered + 1;
        return newest_;
    }

    // False: this cache shows it, or something later, already.
    bool show(std::uint8_t instance, std::uint64_t number) {
        if (number <= shown_[instance]) return false;
        shown_[instance] = number;
        return true;
    }

    void connect(std::uint8_t agent, std::uint8_t instance) { instance_of_[agent] = instance; }
    std::uint8_t instance_of(std::uint8_t agent) const { return instance_of_[agent]; }
    const Version& shown_to(std::uint8_t agent) const {
        return kept_[shown_[instance_of_[agent]] % remembered];
    }
    // nullptr: it is compacted.
    const Version* version(std::uint64_t number) const {
        const Version& found = kept_[number % remembered];
        return found.number == number ? &found : nullptr;
    }
    std::uint64_t newest() const { return newest_; }
    bool shows_now(std::uint8_t agent) const { return shown_to(agent).number == newest_; }

  private:
    static constexpr std::size_t remembered = 16;

    std::array<Version, remembered> kept_{};  // by number, as a ring
    std::uint64_t newest_ = 0;
    std::array<std::uint64_t, instances> shown_{};
    std::array<std::uint8_t, agents> instance_of_{};
};

}  // namespace quorate::sim
