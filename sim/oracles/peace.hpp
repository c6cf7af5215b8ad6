// What must go well while no fault is active. L6: a scaling that nothing disturbs is done within a
// bound for each member that comes or goes. L8: while the host's API is away, healthy members stay
// what they are.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/oracles/findings.hpp"
#include "sim/world/cluster.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

class Peace : private PartOfOracles {
  public:
    Peace(World& world, Findings& findings) : PartOfOracles(world, findings) {}

    void audit();

  private:
    struct Scaling {
        Instant quiet_since;  // the faults'
        std::uint32_t wanted = 0;
        std::size_t changes = 0;
        Instant since;
    };
    struct Member {
        MemberId id;
        bool learner = false;
        std::uint8_t ordinal = 0;
        std::uint64_t incarnation = 0;
        std::size_t set_aside = 0;
        bool operator==(const Member&) const = default;
    };
    struct Outage {
        Instant quiet_since;
        std::uint32_t wanted = 0;
        Instant since;
        std::vector<Member> members;  // empty: what is under way may still land
    };

    bool all_is_well() const;
    std::size_t changes_left() const;
    Span bound_of(std::size_t changes) const;
    std::vector<Member> members() const;
    void watch_scaling();
    void watch_outage();

    std::optional<Scaling> scaling_;
    std::optional<Outage> outage_;
};

}  // namespace quorate::sim
