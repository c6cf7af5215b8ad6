// L11: every command ends, once: done, refused or unknown, by its deadline and one more retry; the
// core then waits for it no longer; and what an agent has begun it takes further or gives up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "core/model/command.hpp"
#include "core/model/observation.hpp"
#include "core/model/state.hpp"
#include "sim/oracles/findings.hpp"
#include "sim/world/network.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

class Intents : private PartOfOracles {
  public:
    Intents(World& world, Findings& findings) : PartOfOracles(world, findings) {}

    void issued(std::uint8_t agent, const Command& command);
    void told(std::uint8_t agent, const CommandEnded& ended);
    void audit();

  private:
    struct Open {
        std::string name;
        Instant due;
        bool ended = false;
        Instant ended_at;
    };
    // What an agent may be in the middle of: it alone can take it further. Making room is none of
    // these: it waits for members that are away, and for their repair.
    enum class Matter : std::uint8_t { volume, data, repair, authority, alarm };
    static constexpr std::size_t matters = 5;
    struct Unfinished {
        std::uint8_t phase = 0;
        Instant moved_at;  // when it entered this phase, or last gave a command for it
    };
    // Of one life of an agent.
    struct Desk {
        std::uint64_t life = 0;
        std::map<CommandId, Open> open;
        std::array<Unfinished, matters> unfinished{};
    };

    static std::uint8_t phase_of(Matter matter, const State& state);
    static bool serves(Matter matter, const State& state, const CommandBody& body);
    void look_at(std::uint8_t agent, Desk& desk);
    void look_for_forgotten(std::uint8_t agent, Desk& desk, Matter matter);
    Span patience() const;

    std::array<Desk, Network::size> desks_{};
    Instant audited_at_;
};

}  // namespace quorate::sim
