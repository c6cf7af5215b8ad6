// quorate run --config FILE [-- COMMAND ...]: the agent of one pod of a StatefulSet, and the
// control plane that COMMAND starts. What it is called and where it belongs comes from the pod's
// environment, everything else from FILE.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/quorate/exit.hpp"

namespace quorate::cli {

// Bad input is told in one line before anything is started; an API server that does not answer is
// no bad input, and is waited for only where nothing can be done without it. `command` may stand in
// the file instead; in both it is refused. As the first process of a container it has the agent
// live in a child (adapters/process/init.hpp).
Exit run_in_pod(const std::filesystem::path& config, const std::vector<std::string>& command);

}  // namespace quorate::cli
