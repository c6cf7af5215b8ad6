// The same life twice in one process, the second time at other addresses and among other bytes in
// memory that nobody has written yet (simulator.md 3.1). What depends on either shows as another
// life; then nothing else that is said of it counts.
#pragma once

#include "sim/run/run.hpp"

namespace quorate::sim {

// Ends as `nondeterministic` where the two differ; `what` has the first event that does, with what
// led there and what both lives did then.
RunVerdict run_twice(const Tape& tape, Step (*core)(State, const Event&) = &quorate::step);

// Two seeds in a hundred, always the same ones.
bool is_lived_twice(std::uint64_t seed);

}  // namespace quorate::sim
