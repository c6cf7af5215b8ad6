// One number for a whole state: the same in the agent, the simulator and the replay, so that the
// first event after which two folds differ is found without comparing states.
#pragma once

#include <cstdint>

#include "core/model/state.hpp"

namespace quorate::wire {

// Walks the fields; a field that has the value it was born with adds nothing, so a field appended
// to a struct leaves the digests of old journals as they are. Not cryptographic.
std::uint64_t digest(const State& state);

}  // namespace quorate::wire
