// A program run to its end, its output kept: the kubectl that kubectl quorate works through.
#pragma once

#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "core/base/instant.hpp"

namespace quorate::cli::kubectl {

struct Ran {
    int status = 0;  // 128 + signal when one ended it
    std::string out;
    std::string err;
};

struct Child {
    std::vector<std::string> command;  // the program, looked for in PATH, and its arguments
    std::string input = {};
    // Where its stdout goes instead of into Ran::out: a descriptor that stays the caller's.
    int out = -1;
};

// With this program's environment. Refused: it cannot be started. Unavailable: it had not ended at
// the deadline, and was killed. May be called from several threads at once.
Result<Ran> run(const Child& child, Span deadline);

}  // namespace quorate::cli::kubectl
