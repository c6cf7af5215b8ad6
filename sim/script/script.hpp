// Scenarios: text that says what happens in a world and what must follow. The first line is the
// claim; invariants hold after every line. The grammar is in script.cpp, one line per command.
#pragma once

#include <string>
#include <vector>

namespace quorate::sim {

class Onlooker;

struct ScriptOutcome {
    std::string claim;
    bool good = false;
    std::string failure;  // "line 7: expect steady within 60s: replica 2 does not serve"
    std::uint64_t digest = 0;
    int exit_code = 11;  // of a failure, as simulator.md 3.9 says
};

ScriptOutcome run_script(const std::string& text, Onlooker* onlooker = nullptr);

}  // namespace quorate::sim
