// One simulated life from a seed: form, suffer, be left in peace, and then be as desired or parked
// for a proven reason. The same options give the same digest, everywhere.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/instant.hpp"
#include "core/invariants.hpp"
#include "sim/coverage/coverage.hpp"
#include "sim/oracles/oracles.hpp"
#include "sim/run/conclude.hpp"
#include "sim/tape/tape.hpp"

namespace quorate::sim {

using RunOptions = TapeOptions;

class Checkpoints;

const char* name_of(Ending ending);  // "PASS converged"

enum class Stop : std::uint8_t { at_the_end, at_the_first_violation };

struct RunVerdict {
    Ending ending = Ending::converged;
    std::string what;  // the first violation, or why it did not settle
    std::vector<Violation> violations;
    std::uint64_t seed = 0;
    std::uint64_t digest = 0;
    std::uint64_t deeds = 0;
    std::uint64_t events = 0;
    std::uint64_t faults = 0;
    std::uint64_t faults_at_commands = 0;
    std::uint64_t decisions = 0;
    std::uint64_t acknowledged = 0;
    Span virtual_time;
    Span settled_after;  // since the faults ended
    Instant broken_at;   // of the first violation
    OracleCounts counts;
    std::array<Episodes::Count, faults_count> injected{};
    Coverage coverage;

    bool good() const { return ending == Ending::converged || ending == Ending::parked; }
    int exit_code() const;  // simulator.md 3.9
    // The promise that was not kept: "S5", "L1" of a cluster that did not settle, "SIM" of the
    // simulator's own. Empty: all were.
    std::string broken() const;
    // What failed, without what differs from life to life: two failures with one signature are
    // taken for one mistake. Empty: nothing failed.
    std::string signature() const;
};

// "PASS converged", or "FAIL " and the signature: the last line of a golden block.
std::string ending_of(const RunVerdict& verdict);

struct LifeOptions {
    Stop stop = Stop::at_the_end;
    // The product's; what the simulator itself is tested with is another.
    Step (*core)(State, const Event&) = &quorate::step;
    Onlooker* onlooker = nullptr;
    std::function<void(const World&)> look = {};  // sees the world as it was left
    std::vector<Released>* released_into = nullptr;
    bool leaps = true;                   // each heartbeat is an event of its own without
    Checkpoints* checkpoints = nullptr;  // gets copies of the life as it goes by
};
RunVerdict run_tape(const Tape& tape, const LifeOptions& options = {});
RunVerdict run_seed(const RunOptions& options);

// The same life; `into` gets the commands of its agents until the faults end, as they are released.
RunVerdict run_noted(const Tape& tape, std::vector<Released>& into);

// "PASS converged seed=7 digest=... : why", and a line for each violation.
std::string text_of(const RunVerdict& verdict);

}  // namespace quorate::sim
