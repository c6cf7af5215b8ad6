// Plays a scenario on one side and writes down what was seen, normalised.
#pragma once

#include <functional>
#include <string>

#include "sim/xv/scenario.hpp"
#include "sim/xv/side.hpp"

namespace quorate::sim::xv {

struct Played {
    Trace trace;
    std::string fault;     // not empty: it could not be played to the end, and why
    bool is_void = false;  // ... since elections went otherwise than its premise: it says nothing
};

// `told` hears of each step and its outcome.
using Told = std::function<void(const std::string& line)>;

Played play(const Scenario& scenario, Side& side, const Told& told = {});

// Closed tables: what etcd answered, and why a member ended.
std::string token_of(const Reply& reply);
std::string token_of(ExitClass why);

}  // namespace quorate::sim::xv
