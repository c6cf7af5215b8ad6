// Finds the snapshot that etcd would start from: the newest .snap file that reads well and whose
// position has a record in the WAL at or below the commit index (wal.go ValidSnapshotEntries,
// snapshotter.go LoadNewestAvailable). Files that do not read are passed over, as etcd does.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"

namespace quorate::disk {

struct UsableSnap {
    LogPosition position;  // 0/0: no file backs any of the records
    std::string v2_store;  // JSON
};
Result<UsableSnap> newest_usable_snap(const std::filesystem::path& directory,
                                      const std::vector<LogPosition>& records);

// The db that a leader sent along with its snapshot: `<index>.snap.db`, index in 16 hex digits.
std::filesystem::path snap_db_path(const std::filesystem::path& directory, LogIndex index);

}  // namespace quorate::disk
