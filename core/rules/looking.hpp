// What the core asks to know, outside any machine: it looks before it acts, and only when some rule
// waits for the answer. Looking changes nothing in the world.
#pragma once

#include <vector>

#include "core/model/command.hpp"
#include "core/model/rules.hpp"
#include "core/model/state.hpp"

namespace quorate {

struct Look {
    RuleId rule;
    CommandBody command;
};

// L01 a linearizable member list, under authority. L02 hashes of all voters, beside the leader.
// L03 the survivor's exact position, when quorum is lost. L04 which replicas are probed.
std::vector<Look> wanted_looks(const State& state);

}  // namespace quorate
