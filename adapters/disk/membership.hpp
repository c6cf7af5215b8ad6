// Etcd's two membership stores, read from a stopped data directory. To 3.5 the v2 store is the
// truth: the JSON in the newest .snap file and the changes of configuration in the log after it.
// The db mirrors it in bucket `members`, and from 3.6 it is the only one (etcd facts 6.3, 14.1).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.hpp"
#include "core/model/disk.hpp"

namespace quorate::disk {

// One entry of type ConfChange in the log (raftpb.ConfChange).
struct ConfChange {
    LogIndex index;
    std::uint64_t type = 0;  // 0 add, 1 remove, 2 update, 3 add a learner
    MemberId id;
    std::string context;  // the member as JSON, with isPromote for a promotion
};

// Changes carried for one log; a log with more is not replayed.
constexpr std::size_t conf_changes_max = 4096;

// Nothing when it is malformed.
std::optional<ConfChange> parse_conf_change(std::string_view bytes, LogIndex index);

// A value of bucket `members`.
std::optional<StoredMember> parse_stored_member(std::string_view json);

// The members of the v2 store in `snapshot` (empty: there is no snapshot yet) after those changes
// that lie above `from` and at or below `to`, sorted. Changes that etcd refuses when it applies
// them change nothing [membership/cluster.go ValidateConfigurationChange, v3.5.17]. Nothing when
// the snapshot does not read.
struct V2Range {
    LogIndex from;
    LogIndex to;
};
std::optional<std::vector<StoredMember>> v2_members(std::string_view snapshot,
                                                    const std::vector<ConfChange>& changes,
                                                    V2Range range);

}  // namespace quorate::disk
