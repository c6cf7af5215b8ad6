// The simulated members as one side of a scenario: no agents and no host on top of them.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "sim/xv/scenario.hpp"
#include "sim/xv/stage.hpp"

namespace quorate::sim::xv {

// What the model does under one order of races.
Played play_model(const Scenario& scenario, Version version, std::uint64_t seed,
                  const Told& told = {});

// The model's outcomes over orders of races, until one was `wanted` or all were tried.
struct Yield {
    std::set<Trace> traces;
    std::uint64_t seeds = 0;
    bool found = false;
    std::string fault;  // of the first that could not be played
};
inline constexpr std::uint64_t seeds_max = 200;
using Wanted = std::function<bool(const Trace&)>;
Yield outcomes_until(const Scenario& scenario, Version version, const Wanted& wanted);

// Whether one of them is what the file says that real etcd did; empty: it is, or the file says that
// the model is not asked.
std::string model_contradiction(const Scenario& scenario, Version version);

}  // namespace quorate::sim::xv
