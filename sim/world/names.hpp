// The DNS of the headless service, as each node's resolver has it. A name is asked for when the pod
// behind it is new, or the one that asks is; until the answer is right, who asks does not find that
// replica. An old address leads nowhere, and so does one that somebody else got: certificate or
// cluster id do not fit [etcd facts 5].
#pragma once

#include <array>
#include <cstdint>

#include "core/base/instant.hpp"
#include "core/base/limits.hpp"

namespace quorate::sim {

class Names {
  public:
    static constexpr std::size_t size = limits::replicas_max;

    // Nothing is wrong with a default one.
    struct Trouble {
        std::array<Span, size> stale{};  // its old address is told for so long, at most
        std::uint32_t failing = 0;       // per cent of the answers are SERVFAIL
        Span slow;                       // what each answer takes, at most
        bool operator==(const Trouble&) const = default;
    };
    Trouble trouble;

    bool finds(std::uint8_t from, std::uint8_t to) const { return !lost_[from][to]; }
    // Whether DNS tells this node anything of that name; an old address is something.
    bool answers(std::uint8_t from, std::uint8_t to) const {
        return !silent_[from] && !(lost_[from][to] && unanswered_[from][to]);
    }
    // No server answers this node.
    void silence(std::uint8_t from, bool silent) { silent_[from] = silent; }
    // The number by which this search is ended; a later one of the same pair overtakes it.
    std::uint64_t lose(std::uint8_t from, std::uint8_t to, bool unanswered) {
        lost_[from][to] = true;
        unanswered_[from][to] = unanswered;
        return search_[from][to] = ++searches_;
    }
    bool find(std::uint8_t from, std::uint8_t to, std::uint64_t search) {
        if (!lost_[from][to] || search_[from][to] != search) return false;
        lost_[from][to] = false;
        return true;
    }
    void find_all() { lost_ = {}; }

  private:
    std::array<bool, size> silent_{};
    std::array<std::array<bool, size>, size> lost_{};
    std::array<std::array<bool, size>, size> unanswered_{};
    std::array<std::array<std::uint64_t, size>, size> search_{};
    std::uint64_t searches_ = 0;
};

}  // namespace quorate::sim
