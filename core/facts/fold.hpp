// Folds one event into facts: what is known, since when, and what it made stale. No rule is
// applied here and nothing is asked for.
#pragma once

#include "core/model/observation.hpp"
#include "core/model/state.hpp"

namespace quorate {

// Also settles the commands in flight: an outcome, or a passed deadline, ends one.
void fold(State& state, const Event& event);

// What was last heard of replicas that are not probed any more is no knowledge: it would say for
// ever that somebody serves.
void forget_unprobed(State& state);

}  // namespace quorate
