// One picture of a StatefulSet: its pods beside what their agents say. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/quorate/kubectl/cluster.hpp"

namespace quorate::cli::kubectl {

// `heard`: of each replica, what `quorate status --own` said in its pod. docs/kubernetes.md lists
// the fields.
Json picture_of(const Json& statefulset, const std::vector<Heard>& heard, const Spoken& spoken);

enum class Width { normal, wide };
// One line a replica, ages as of `now` (seconds since 1970).
std::string render_replicas(const Json& picture, Width width, std::int64_t now);
// How the cluster is, why it parked and the next step, who was not heard.
std::string render_verdict(const Json& picture, const Spoken& spoken);

}  // namespace quorate::cli::kubectl
