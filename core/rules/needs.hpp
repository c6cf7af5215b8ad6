// What a command that destroys or changes something for all needs to know, and how surely (S12).
// Rules ask for it before they fire; `step` gives no such command without it, whatever the rules.
#pragma once

#include <span>
#include <string>

#include "core/facts/strength.hpp"
#include "core/model/command.hpp"

namespace quorate {

struct MustKnow {
    Subject subject;
    Strength at_least;
};

// Empty: a hint is enough, for it changes nothing that cannot be done again.
std::span<const MustKnow> needs_of(const CommandBody& body);

// The first that is not met; nullptr: all are.
const MustKnow* unmet_need(const State& state, const CommandBody& body);

// "needs to know the members linearizable, and knows it cached"
std::string text_of(const MustKnow& need, const Evidence& known);

}  // namespace quorate
