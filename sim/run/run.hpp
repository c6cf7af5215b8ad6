// One simulated life from a seed: form, suffer, be left in peace, and then be as desired or parked
// for a proven reason. The same options give the same digest, everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/instant.hpp"
#include "core/invariants.hpp"
#include "sim/oracles/oracles.hpp"

namespace quorate::sim {

struct RunOptions {
    std::uint64_t seed = 1;
    Span until = seconds(300);   // faults end at 60 %; convergence has its own bound
    std::uint32_t replicas = 0;  // 0: drawn from the seed
    bool trace = false;
};

enum class Ending : std::uint8_t {
    converged,
    parked,  // for a reason that holds: with what is left nobody may go on
    broke_safety,
    did_not_settle,
    simulator_fault,
};

struct RunVerdict {
    Ending ending = Ending::converged;
    std::string what;  // the first violation, or why it did not settle
    std::vector<Violation> violations;
    std::uint64_t seed = 0;
    std::uint64_t digest = 0;
    std::uint64_t events = 0;
    std::uint64_t faults = 0;
    std::uint64_t decisions = 0;
    std::uint64_t acknowledged = 0;
    Span virtual_time;
    Span settled_after;  // since the faults ended
    std::string kinds;
    OracleCounts counts;

    bool good() const { return ending == Ending::converged || ending == Ending::parked; }
    int exit_code() const;  // simulator.md 3.9
};

RunVerdict run_seed(const RunOptions& options);

// "PASS converged seed=7 digest=... : why", and a line for each violation.
std::string text_of(const RunVerdict& verdict);

// Runs, prints the verdict, and returns the exit code.
int sim_run(const RunOptions& options);

// The same life twice. 13 when their digests differ: then nothing else that is said of it counts.
int sim_check_determinism(const RunOptions& options);

}  // namespace quorate::sim
