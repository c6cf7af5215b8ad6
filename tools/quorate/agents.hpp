// Asking the agents of a directory over their sockets.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "adapters/api/client.hpp"
#include "adapters/local/layout.hpp"
#include "core/base/limits.hpp"

namespace quorate::cli {

inline constexpr Span ask_deadline = seconds(2);

// Of every agent that has a socket here and answers; a replica that does not run costs nothing.
std::vector<nlohmann::json> ask_status(const local::Layout& layout, Span deadline = ask_deadline);

// In a pod: of the agents of the other pods too, by the page each has for people. `own`: what the
// agent of this pod says, which names the others.
std::vector<nlohmann::json> ask_pages(const nlohmann::json& own);

// The merged picture (merge.hpp).
nlohmann::json cluster_status(const local::Layout& layout);

// In order, the next replica may be started: this one is ready, or can go no further alone.
bool next_may_start(const std::string& status);

// Replicas that have a socket.
std::vector<Ordinal> reachable(const local::Layout& layout);

}  // namespace quorate::cli
