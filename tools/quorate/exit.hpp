// How the program ends: docs/operations.md has the same table. Errors are one line on stderr that
// names what was wrong and the next step.
#pragma once

#include <string>

#include "adapters/base/result.hpp"

namespace quorate::cli {

enum class Exit {
    ok = 0,
    failed = 1,       // something was tried and did not work
    usage = 2,        // bad input; nothing was changed
    unreachable = 3,  // nothing runs there, or nobody answers
    timed_out = 4,    // what was waited for did not come
    refused = 5,      // parked, or the cluster said no
    journal = 6,      // a journal cannot be used, is damaged, or does not replay
};

Exit fail(Exit exit, const std::string& line);
Exit fail(Exit exit, const Failure& failure);
void warn(const std::string& line);

std::string text_of(const Failure& failure);

}  // namespace quorate::cli
