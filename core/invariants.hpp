// What must hold of one agent's state after every step, by the ids of simulator.md 3.5. Simulator
// and laws check it; what needs an omniscient eye (S3, S4) is in sim/oracles. S12 does not wait to
// be found: `step` gives no command that knows too little (core/rules/needs.hpp).
#pragma once

#include <string>
#include <vector>

#include "core/model/decision.hpp"
#include "core/model/state.hpp"

namespace quorate {

struct Violation {
    std::string id;    // "S2"
    std::string what;  // one line with the numbers that show it
    bool operator==(const Violation&) const = default;
};

// How often the precondition of each check was true, so that a vacuous check is visible.
struct InvariantCounts {
    std::uint64_t removals = 0;  // S1
    std::uint64_t repairs = 0;   // S2
    std::uint64_t starts = 0;    // S5
    std::uint64_t claims = 0;    // S5: of a volume that a peer remembers
    std::uint64_t changes = 0;   // S11
    std::uint64_t evidence = 0;  // S12: commands that must know something well enough
};

// `before` and the decision that led to `after`.
std::vector<Violation> violations(const State& after, const Decision& decision,
                                  InvariantCounts& counts);

}  // namespace quorate
