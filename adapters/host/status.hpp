// What an agent says of itself and of its cluster, as JSON: its own part of `quorate status`.
// `self` is first-hand; `view` is how it sees the rest. The command line merges the answers of all
// agents (tools/quorate/merge.hpp). docs/operations.md lists the fields.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "adapters/api/explained.hpp"
#include "adapters/host/control_plane_report.hpp"
#include "core/model/state.hpp"

namespace quorate::host {

// What is no part of the core's state.
struct StatusExtras {
    std::int32_t etcd_pid = 0;
    std::map<std::uint32_t, MemberStatus> latest = {};     // newest answers, by ordinal
    std::optional<Ordinal> authority = {};                 // who holds the lease now
    std::optional<ControlPlaneReport> control_plane = {};  // nullopt: none is wanted
    std::optional<api::Explained> last_decision = {};
};

std::string status_json(const State& state, const StatusExtras& extras);

}  // namespace quorate::host
