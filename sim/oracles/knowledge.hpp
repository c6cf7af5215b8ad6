// S22: an agent is told only what an adapter could have learned where it runs: of an etcd that it
// hears, by an agent that it hears, of a store that it reaches. That it decides by nothing else is
// S17: its journal alone, folded again, gives the same decisions.
#pragma once

#include <cstdint>

#include "core/model/observation.hpp"
#include "sim/oracles/findings.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

class Knowledge : private PartOfOracles {
  public:
    Knowledge(World& world, Findings& findings) : PartOfOracles(world, findings) {}

    void told(std::uint8_t agent, const Observation& observation);
};

}  // namespace quorate::sim
