// The faults of one life as they happen: each begins, lasts, and is ended, by its time or by the
// one function that ends them all; afterwards an audit says what, against all promises, still goes
// on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/model/command.hpp"
#include "sim/faults/catalogue.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/world/network.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

// A command that an agent released, as `at command` counts them.
struct Released {
    std::uint64_t number = 0;
    std::uint8_t agent = 0;
    bool opens = false;  // the first of its decision: the others share its commit
    Command command;
    std::optional<std::uint8_t> leader;  // who could commit then ...
    std::size_t members = 0;             // ... of how many
    Instant at;
};

class Episodes : private PartOfWorld {
  public:
    explicit Episodes(World& world) : PartOfWorld(world) {}

    // Now. False: it does not apply to the world as it is, and nothing happened.
    bool begin(const Episode& episode);
    // When its command comes to its edge.
    void plan(const Episode& episode) { planned_.push_back(episode); }
    // Those that still wait for theirs, in the order of their planning; and no others any more.
    const std::vector<Episode>& planned() const { return planned_; }
    void plan_only(std::vector<Episode> episodes) { planned_ = std::move(episodes); }

    // Ends what goes on, of one family, one fault, or everything. What was lost stays lost.
    void end_all();
    void end(Family family);
    void end(Fault fault, std::uint8_t one);

    bool goes_on(Fault fault, std::uint8_t one) const { return is_active(fault, one); }

    // What still goes on, and what the world still suffers from; empty after end_all.
    std::vector<std::string> audit() const;

    std::string active_ids() const;  // "N5 K3": what goes on now

    // Bits by family: active now, or since no longer than `recently`.
    std::uint8_t families_active(Span recently) const;
    // Nothing is going on, and when something last began or ended.
    bool none_active() const { return active_.empty(); }
    Instant last_at() const;

    // How often each began, and how often that changed anything. Of what lasts and changes nothing
    // by itself: how often somebody met it.
    struct Count {
        std::uint64_t asked = 0;
        std::uint64_t took = 0;
        std::uint64_t felt = 0;
    };
    void felt(Fault fault) { ++counts_[static_cast<std::size_t>(fault)].felt; }
    void strikes_late(Fault fault);  // only now, long after it began
    const std::array<Count, faults_count>& counts() const { return counts_; }
    std::uint64_t injected() const;
    // Of those that waited for a command: how often that changed anything.
    std::uint64_t took_at_commands() const { return took_at_commands_; }

    void refresh_network();  // also when somebody is found by name, or no more

    // For the world: where its agents stand with their commands.
    void committing(std::size_t commands);
    void committed(std::size_t commands);
    void command_released(std::uint8_t agent, const Command& command);
    void command_in_flight(std::uint64_t number) { reach_soon(Edge::in_flight, number); }
    void command_took_effect(std::uint64_t number) { reach_soon(Edge::after_effect, number); }
    void happen(const Happening& what);
    std::uint64_t commands() const { return commands_; }
    // What a person stored, and wants no more: deleted again and again until it is gone.
    void delete_what_filled();

  private:
    struct Active {
        Episode episode;
        std::uint64_t id = 0;
        Instant since;
    };

    // What a pending Happening of ours means.
    static constexpr std::uint32_t begins = 1;
    static constexpr std::uint32_t ends = 2;
    static constexpr std::uint32_t filled = 3;
    static constexpr std::uint32_t next_step = 4;

    void note_in_a_repair(Fault fault);
    bool apply(const Episode& episode);
    bool apply_now(const Episode& episode);
    bool applies(const Episode& episode) const;
    bool wipe_most(std::uint8_t first);
    void begin_at_command(const Episode& episode);
    void reach_at_once(Edge edge, std::size_t commands);
    void reach_soon(Edge edge, std::uint64_t number);
    void step_by_step(const Episode& episode);
    void take_next_step();
    bool lose_tail(const Episode& episode);
    bool remove_by_hand(std::uint8_t o);
    bool add_by_hand(std::uint8_t o);
    bool accuse(std::uint8_t o);
    void raise_nospace();
    template <class Ends>
    void end_those(Ends ends);
    void refresh();
    void refresh_api();
    void refresh_names();
    void refresh_host();
    void refresh_volumes();
    void refresh_processes();
    void refresh_binary(std::uint8_t o, std::uint32_t release);
    bool is_active(Fault fault, std::uint8_t one) const;
    std::string still_suffers(std::uint8_t o) const;

    std::vector<Active> active_;
    std::vector<Episode> planned_;
    std::vector<Episode> due_;  // planned ones whose command was released
    std::array<Count, faults_count> counts_{};
    std::array<Instant, families> last_{};  // when one of the family last began or ended
    std::array<bool, Network::size> agent_still_{};
    std::array<bool, Network::size> etcd_still_{};
    std::array<bool, Network::size> left_over_{};
    std::array<std::uint32_t, Network::size> wrong_{};  // the release of a wrong binary
    std::array<Version, Network::size> right_{};        // ... and what was there before it
    bool deletes_ = false;
    std::uint64_t ids_ = 0;
    std::uint64_t commands_ = 0;
    bool opens_ = false;  // the next command is the first of its decision
    std::uint64_t took_at_commands_ = 0;
};

}  // namespace quorate::sim
