// Who could not be looked up, for those who look at a cluster during an outage of DNS: nobody
// should give replicas up because DNS does not tell where they are.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/model/state.hpp"

namespace quorate::host {

// The next step of whoever finds no quorum while hosts could not be looked up; empty: all could.
std::string unresolved_step(const Facts& facts,
                            const std::map<std::uint32_t, MemberStatus>& latest);

}  // namespace quorate::host
