// The simulated members as one side of a scenario: no agents and no host on top of them.
#pragma once

#include <cstdint>
#include <set>

#include "sim/xv/scenario.hpp"
#include "sim/xv/stage.hpp"

namespace quorate::sim::xv {

// What the model does under one order of races.
Played play_model(const Scenario& scenario, Version version, std::uint64_t seed,
                  const Told& told = {});

// The model's outcomes, over `seeds` orders of races.
struct Yield {
    std::set<Trace> traces;
    std::uint64_t seeds = 0;
    std::string fault;  // of the first that could not be played
};
inline constexpr std::uint64_t seeds_max = 200;
Yield outcomes(const Scenario& scenario, Version version, std::uint64_t seeds);

// The same, until `wanted` is among them or all seeds were tried.
Yield outcomes_until(const Scenario& scenario, Version version, const Trace& wanted);

}  // namespace quorate::sim::xv
