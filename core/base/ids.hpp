// Strong types for every number that has a meaning of its own. Two ids of different kinds never
// compare, assign or add by accident; the raw number is `.value`, for adapters and the wire.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace quorate {

template <class Tag, class Rep>
struct Strong {
    Rep value{};
    constexpr auto operator<=>(const Strong&) const = default;
};

using Ordinal = Strong<struct OrdinalTag, std::uint32_t>;      // of a replica, as in StatefulSet
using MemberId = Strong<struct MemberIdTag, std::uint64_t>;    // etcd's; 0: not known yet
using ClusterId = Strong<struct ClusterIdTag, std::uint64_t>;  // etcd's; 0: not known yet
using Revision = Strong<struct RevisionTag, std::int64_t>;     // etcd's MVCC revision
using Term = Strong<struct TermTag, std::uint64_t>;            // raft
using LogIndex = Strong<struct LogIndexTag, std::uint64_t>;    // raft
using Epoch = Strong<struct EpochTag, std::uint64_t>;          // +1 for each forced rebuild
using Lineage = Strong<struct LineageTag, std::string>;        // UUID of one cluster's history
using Nonce = Strong<struct NonceTag, std::uint64_t>;          // 0: none
using Fence = Strong<struct FenceTag, std::uint64_t>;          // +1 for each grant of authority
using RecordRevision = Strong<struct RecordRevisionTag, std::uint64_t>;  // +1 for each write
using EventSeq = Strong<struct EventSeqTag, std::uint64_t>;    // +1 for each journaled event
using CommandId = Strong<struct CommandIdTag, std::uint64_t>;  // +1 for each command of an agent
using Bytes = Strong<struct BytesTag, std::uint64_t>;

std::string hex(MemberId id);  // as etcdctl shows it, without leading zeros; "0" for none

// Term first, then index: the order in which raft prefers logs.
struct LogPosition {
    Term term;
    LogIndex index;
    constexpr auto operator<=>(const LogPosition&) const = default;
};

// A released etcd version. Ordered as releases are.
struct Version {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::uint32_t patch = 0;
    constexpr auto operator<=>(const Version&) const = default;
};

}  // namespace quorate
