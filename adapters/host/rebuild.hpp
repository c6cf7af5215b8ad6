// A forced rebuild of the cluster from this volume, after its majority is gone (S7, S8, etcd facts
// 8 and 11): force a single member in private on a copy, raise its revision, snapshot it, restore
// the snapshot under a new token beside the old data, then swap directories by rename. Until that
// rename nothing of the old data is touched; after it the old data is set aside. Repeatable from
// any crash point.
#pragma once

#include <filesystem>

#include "adapters/base/result.hpp"
#include "adapters/host/agent.hpp"
#include "core/model/command.hpp"

namespace quorate::host {

// The program that restores snapshots for this etcd; refused, with the way out, when there is none.
Result<std::filesystem::path> restore_tool(const AgentConfig& config);

// Blocks for seconds; runs on a worker thread. `deadline` bounds each wait for the private etcd.
Result<void> rebuild_etcd(const AgentConfig& config, const RebuildEtcd& command, Span deadline);

}  // namespace quorate::host
