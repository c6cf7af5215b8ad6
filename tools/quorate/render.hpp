// Status and decisions as text for people: `quorate status`, the live view and `explain`. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "adapters/api/explained.hpp"

namespace quorate::cli {

enum class Colour { none, ansi };

// Aligned lines, one a member, with a heading.
std::string render_status(const nlohmann::json& status, Colour colour);

// "14:03:07.120 replica 1 #412 R12: volume is set aside ...": one line.
std::string render_line(const api::Explained& decision, Ordinal replica);

// All of it, over several lines, for `explain`.
std::string render_whole(const api::Explained& decision, Ordinal replica);

nlohmann::json as_json(const api::Explained& decision, Ordinal replica);

// A plan of recovery, and how it is carried out: `apply` is the command, but for its token.
std::string render_recovery(const nlohmann::json& plan, const std::string& apply);

// Columns with two spaces between them.
std::string render_table(const std::vector<std::vector<std::string>>& rows);

// A line that names those whom other replicas cannot look up; empty: none.
std::string render_unresolved(const nlohmann::json& members);

// Whether any of these members has a control plane beside its etcd, as far as its agent tells.
bool any_control_plane(const nlohmann::json& members);
// "runs, 2 exits"; "-" where there is none.
std::string render_control_plane(const nlohmann::json& member);
std::string render_size(std::uint64_t bytes);  // "20.0 KiB"

std::string render_time(Instant at);  // local time of day

}  // namespace quorate::cli
