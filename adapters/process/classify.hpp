// Why etcd ended, from how it ended and what it wrote last. The texts change between minor
// versions, so they are data; what matches none is `unknown`, which never leads to anything
// destructive.
#pragma once

#include <string>
#include <vector>

#include "core/model/child.hpp"

namespace quorate::process {

struct Ending {
    int status = 0;              // exit status; 0 when ended by a signal
    int signal = 0;              // 0 when it exited by itself
    bool asked_to_stop = false;  // by us
};

ChildExit classify(const Ending& ending, const std::vector<std::string>& last_lines);

}  // namespace quorate::process
