// The faults of one life as they happen: each begins, lasts, and is ended, by its time or by the
// one function that ends them all; afterwards an audit says what, against all promises, still goes
// on.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/faults/catalogue.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/world/network.hpp"

namespace quorate::sim {

class World;

class Episodes {
  public:
    explicit Episodes(World& world) : world_(world) {}

    // Now. False: it does not apply to the world as it is, and nothing happened.
    bool begin(const Episode& episode);
    // When its command is released.
    void plan(const Episode& episode) { planned_.push_back(episode); }

    // Ends what goes on, of one family, one fault, or everything. What was lost stays lost.
    void end_all();
    void end(Family family);
    void end(Fault fault, std::uint8_t one);

    // What still goes on, and what the world still suffers from; empty after end_all.
    std::vector<std::string> audit() const;

    std::string active_ids() const;  // "N5 K3": what goes on now

    // Bits by family: active now, or since no longer than `recently`.
    std::uint8_t families_active(Span recently) const;
    // Nothing is going on, and when something last began or ended.
    bool none_active() const { return active_.empty(); }
    Instant last_at() const;

    // How often each began, and how often that changed anything.
    struct Count {
        std::uint64_t asked = 0;
        std::uint64_t took = 0;
    };
    const std::array<Count, faults_count>& counts() const { return counts_; }
    std::uint64_t injected() const;

    // For the world.
    void command_released();
    void happen(const Happening& what);
    std::uint64_t commands() const { return commands_; }

  private:
    struct Active {
        Episode episode;
        std::uint64_t id = 0;
    };

    void note_in_a_repair(Fault fault);
    bool apply(const Episode& episode);
    bool apply_now(const Episode& episode);
    bool lose_tail(const Episode& episode);
    bool remove_by_hand(std::uint8_t o);
    bool add_by_hand(std::uint8_t o);
    bool accuse(std::uint8_t o);
    void raise_nospace();
    template <class Ends>
    void end_those(Ends ends);
    void refresh();
    void refresh_network();

    World& world_;
    std::vector<Active> active_;
    std::vector<Episode> planned_;
    std::vector<Episode> due_;  // planned ones whose command was released
    std::array<Count, faults_count> counts_{};
    std::array<Instant, families> last_{};  // when one of the family last began or ended
    std::array<bool, Network::size> agent_still_{};
    std::array<bool, Network::size> etcd_still_{};
    std::uint64_t ids_ = 0;
    std::uint64_t commands_ = 0;
};

}  // namespace quorate::sim
