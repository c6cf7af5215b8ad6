// The first line that simulated lives print, the same for one and for many (simulator.md 3.9):
// PASS or FAIL, the class, the promise that broke; then what a person copies into an issue, as
// key=value. Pure but for the commit.
#pragma once

#include <string>

#include "sim/run/run.hpp"
#include "tools/quorate/swarm.hpp"

namespace quorate::cli {

// New are the cells that no earlier life of this invocation met: of one life, all it met.
std::string verdict_line(const sim::RunVerdict& verdict, double seconds, std::size_t new_cells);
std::string verdict_line(const SwarmReport& report, double seconds);

// The lines below it: how the life went, why it ended so, and every violation.
std::string details_of(const sim::RunVerdict& verdict);

// While a swarm goes on.
std::string progress_line(const SwarmReport& so_far, double seconds, std::size_t new_cells);

}  // namespace quorate::cli
