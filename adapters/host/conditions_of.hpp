// What an agent's state means for people who look at its pod:
//
//     Member        this replica serves as a voter of its cluster
//     Quorum        some voter serves linearizable reads, as this agent sees it
//     ControlPlane  it runs; only where one is wanted
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/base/conditions.hpp"
#include "adapters/host/control_plane_report.hpp"
#include "core/model/decision.hpp"
#include "core/model/state.hpp"

namespace quorate::host {

// What is no part of the core's state.
struct ConditionExtras {
    std::map<std::uint32_t, MemberStatus> latest = {};  // newest answers, by ordinal
    std::string last_step = {};                         // of the replica, as step_in() says it
    std::optional<ControlPlaneReport> control_plane = {};
};

std::vector<Condition> conditions_of(const State& state, const ConditionExtras& extras);

// The line of the rule that last moved the replica from one phase to another, as `explain` gives
// it; empty: none did.
std::string step_in(const Decision& decision);

}  // namespace quorate::host
