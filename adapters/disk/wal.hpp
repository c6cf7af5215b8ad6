// Reads etcd's write-ahead log as etcd would at its start, without changing it: all segments in
// order, the checksum chained over all of them. Format: etcd facts 12.5; the rules of what is
// repairable are those of etcd's server/wal/{wal,decoder,repair}.go.
//
// A torn tail (of the last segment only) is a fact, not a failure: etcd cuts it off and goes on.
// Everything else that does not read is a Failure of kind `refused` that names file and offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "adapters/disk/membership.hpp"
#include "core/base/ids.hpp"

namespace quorate::disk {

struct WalFacts {
    MemberId member_id;
    ClusterId cluster_id;
    LogIndex first_index;  // where the unbroken run of entries up to the last begins; 0: no entry
    LogPosition last;      // of the entry written last: an entry drops those at and after its index
    LogIndex commit;       // of the last HardState, the only one that counts
    Term term;             // the same
    std::vector<LogPosition> snapshots;  // records above index 0, oldest first
    std::uint64_t writes = 0;  // entries that can have changed a key: normal ones with data
    std::vector<ConfChange> conf_changes;  // in the order of the log
    bool conf_changes_unread = false;      // one does not parse, or there are too many
    std::vector<LogIndex> v2_requests;     // entries that are requests of API v2, ascending
    std::string torn;                      // where the tail is torn; empty when it is not
};

// Only the newest this many snapshot records are kept: etcd keeps five .snap files
// (--max-snapshots) and it is only those that the records are compared with.
constexpr std::size_t wal_snapshots_max = 1024;

// Names of the segments in this directory, in order; none when the directory is missing.
Result<std::vector<std::string>> wal_segments(const std::filesystem::path& directory);

// Refused when there is no segment.
Result<WalFacts> read_wal(const std::filesystem::path& directory);

}  // namespace quorate::disk
