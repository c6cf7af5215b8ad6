// etcd's member list and the cluster record, side by side. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/model/record.hpp"

namespace quorate::cli::kubectl {

// `list`: `members` of `etcdctl member list --write-out=json`; null: it is not known. One entry a
// replica or member: name, listed and recorded identity (hexadecimal, "" for none), role in the
// list, peer URL, and `difference`, null where both agree.
nlohmann::json roster_of(const std::string& statefulset, const nlohmann::json& list,
                         const ClusterRecord& record);

std::string render_roster(const nlohmann::json& roster);

}  // namespace quorate::cli::kubectl
