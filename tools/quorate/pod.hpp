// quorate run --config FILE: the agent of one pod of a StatefulSet. What it is called and where it
// belongs comes from the pod's environment, everything else from FILE.
#pragma once

#include <filesystem>

#include "tools/quorate/exit.hpp"

namespace quorate::cli {

// Bad input is told in one line before anything is started; an API server that does not answer is
// no bad input, and is waited for only where nothing can be done without it.
Exit run_in_pod(const std::filesystem::path& config);

}  // namespace quorate::cli
