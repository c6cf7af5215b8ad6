// Real etcd processes on 127.0.0.1 as one side of a scenario. They end with it, and their directory
// goes with it unless it is told to stay.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/base/result.hpp"
#include "sim/xv/stage.hpp"
#include "tools/xv/releases.hpp"

namespace quorate::xv {

enum class Files { go, stay };

// Plays it; a fault names the directory, which then stays in any case.
sim::xv::Played play_real(const sim::xv::Scenario& scenario, const Release& release, Files files,
                          const sim::xv::Told& told = {});

}  // namespace quorate::xv
