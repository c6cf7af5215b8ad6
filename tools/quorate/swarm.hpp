// Many simulated lives at once: each seed is one of its own, so any number of threads may share
// them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/instant.hpp"
#include "sim/run/run.hpp"

namespace quorate::cli {

// "1..20000"; nullopt: not of this form, or backwards.
std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_seeds(const std::string& text);

struct SwarmOptions {
    std::uint64_t first = 1;
    std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    unsigned jobs = 1;
    sim::RunOptions life;  // of each seed
};

struct SwarmReport {
    std::uint64_t lives = 0;
    std::uint64_t parked = 0;
    std::uint64_t events = 0;
    std::uint64_t digest = 0;  // of all lives, in whatever order they ended
    Span virtual_time;
    sim::OracleCounts counts;
    std::array<sim::Episodes::Count, sim::faults_count> injected{};
    sim::Coverage coverage;
    std::vector<sim::RunVerdict> failures;  // by seed

    // Safety before liveness (simulator.md 3.9), then by seed; null: nothing failed.
    const sim::RunVerdict* gravest() const;
    int exit_code() const;
};

// Runs until the seeds are used up or `stop` is set; lives under way are finished. `told` is called
// by one thread at a time: after each life, with the report so far.
SwarmReport run_swarm(const SwarmOptions& options, const std::atomic<bool>& stop,
                      const std::function<void(const SwarmReport&, const sim::RunVerdict&)>& told);

// How often each oracle had something to judge, and the cells that were met.
std::string text_of(const SwarmReport& report);

}  // namespace quorate::cli
