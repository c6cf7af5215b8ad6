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

// Of every agent that answers; a replica that does not run costs nothing.
std::vector<nlohmann::json> ask_status(const local::Layout& layout);

// The merged picture (merge.hpp).
nlohmann::json cluster_status(const local::Layout& layout);

// In order, the next replica may be started: this one is ready, or can go no further alone.
bool next_may_start(const std::string& status);

// Replicas that have a socket.
std::vector<Ordinal> reachable(const local::Layout& layout);

}  // namespace quorate::cli
