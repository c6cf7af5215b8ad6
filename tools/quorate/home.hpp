// The directory D of a cluster, as the verbs find it: does an `up` run there, and who are its
// agents.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "adapters/base/result.hpp"
#include "adapters/local/layout.hpp"
#include "core/base/instant.hpp"
#include "tools/quorate/exit.hpp"

namespace quorate::cli {

// Where a pod's agent has its socket: gone with the container.
inline constexpr const char* pod_run_dir = "/run/quorate";
// Its journal, on the claim (host::places_in_pod). Of the other replicas' a pod sees nothing.
inline constexpr const char* pod_journal_dir = "/data/journal";
// Where every agent of a pod has its pages (host::network_in_pod).
inline constexpr std::uint16_t pod_pages_port = 2381;

// quorate-data; in a pod, what its agent runs in.
std::string default_dir();

// Whether the directory is that of a pod's agent.
bool is_pod(const local::Layout& layout);

// Absolute and without "..", so that it reads the same from anywhere.
local::Layout home_at(const std::string& dir);

// The pid of the `up` that runs there.
std::optional<pid_t> running_up(const local::Layout& layout);

// Refused when there is no cluster in the directory.
Result<void> must_be_home(const local::Layout& layout);
// ... and unavailable when no `up` runs there.
Result<pid_t> must_run(const local::Layout& layout);
// Refused in a pod, for what is asked of Kubernetes there: `instead` says how.
Result<void> must_not_be_in_a_pod(const local::Layout& layout, const std::string& instead);
// What a verb ends with when that failed.
Exit not_running(const Failure& failure);

// "60s", "5m"; nullopt: it is none, and that was said of `option`.
std::optional<Span> duration_of(const std::string& option, const std::string& text);

}  // namespace quorate::cli
