// How a life ends: the faults are ended and audited, and then the cluster is as desired within its
// bound (L1, L2), or parked for a reason that an eye which sees everything confirms (L7).
#pragma once

#include <cstdint>
#include <string>

#include "core/base/instant.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {

enum class Ending : std::uint8_t {
    converged,
    parked,  // for a reason that holds: with what is left nobody may go on
    broke_safety,
    did_not_settle,
    simulator_fault,
    nondeterministic,  // the same tape gave two lives
};

struct Conclusion {
    Ending ending = Ending::converged;
    std::string what;  // why it parked or did not settle
    Span settled_after;
};

enum class Operator : std::uint8_t { absent, approves };

Conclusion conclude(World& world, Operator person);

}  // namespace quorate::sim
