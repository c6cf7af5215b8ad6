// How each release wants to be told what a scenario sets (etcd-measured.md 2.1).
#pragma once

#include <string>
#include <vector>

#include "sim/xv/side.hpp"

namespace quorate::xv {

std::vector<std::string> spelled(const sim::xv::Flags& flags, Version version);

}  // namespace quorate::xv
