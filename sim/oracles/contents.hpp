// S14: voters that hold different content are noticed within two checks while an agent can compare
// them, and one that an agent found to differ is not called ready by any other that can be told.
// S15: who is called ready has just served a linearizable read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/model/observation.hpp"
#include "sim/oracles/findings.hpp"
#include "sim/world/cluster.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

class Contents : private PartOfOracles {
  public:
    Contents(World& world, Findings& findings) : PartOfOracles(world, findings) {}

    void told(std::uint8_t agent, const ContentCompared& compared);
    void audit();

  private:
    // Since when one agent could have found that this voter holds other content than the leader.
    struct Differing {
        std::uint8_t leader = 0;
        std::uint64_t life = 0;  // of the agent beside the leader
        MemberId id;
        Instant since;
        Instant noticed_at;  // last; among other voters it is a question that is asked anew
    };
    // What an agent found last of a member's content: it differs, and from no minority.
    struct Suspect {
        std::uint64_t life = 0;  // of the agent that found it
        MemberId id;
        std::uint64_t list = 0;  // which members there were
        Instant found_at;
        bool told = false;    // the member's agent must know
        Instant in_touch_at;  // when the one that found it could tell last
        Instant ready_since;  // in spite of it; zero: it is not
    };

    void watch(std::uint8_t leader);
    void check_ready(std::uint8_t o);
    void check_suspect(std::uint8_t finder, std::uint8_t o);
    bool must_know(std::uint8_t finder, std::uint8_t o, Suspect& suspect) const;
    bool in_touch(std::uint8_t finder, std::uint8_t o, const Suspect& suspect) const;
    static bool asks_anew(const State& state);
    bool noticed(const Differing& one) const;
    bool truly_differs(std::uint8_t o) const;
    std::uint64_t list_of(std::uint8_t leader) const;

    std::array<std::optional<Differing>, Network::size> differing_{};
    using Suspects = std::array<std::optional<Suspect>, Network::size>;
    std::array<Suspects, Network::size> suspects_{};  // by who found it, and of whom
};

}  // namespace quorate::sim
