// Scenarios: text that says what happens in a world and what must follow. The first line is the
// claim; invariants hold after every line; the golden block says what it amounted to. The grammar
// is in script.cpp, one line per command.
#pragma once

#include <string>
#include <vector>

#include "sim/tape/golden.hpp"

namespace quorate::sim {

class Onlooker;

struct ScriptOutcome {
    std::string claim;
    bool good = false;
    std::string failure;  // "line 7: expect steady within 60s: replica 2 does not serve"
    std::string ending;   // "PASS", of a tape "PASS converged"; of a failure its signature
    std::uint64_t digest = 0;
    int exit_code = 11;  // of a failure, as simulator.md 3.9 says
};

ScriptOutcome run_script(const std::string& text, Onlooker* onlooker = nullptr);

struct LivedScript {
    ScriptOutcome outcome;
    Lines told;           // what its golden block is to say: the milestones, and how it ended
    std::string differs;  // from the block that it has; empty: it has none, or that says the same
};
LivedScript live_script(const std::string& text, Onlooker* onlooker = nullptr);

}  // namespace quorate::sim
