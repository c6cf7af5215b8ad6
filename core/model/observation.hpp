// Observations: what adapters saw. Adapters decide nothing; they post what changed, and a slow
// heartbeat. An Event is an observation stamped by the engine: the only input of the core.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/instant.hpp"
#include "core/model/child.hpp"
#include "core/model/disk.hpp"
#include "core/model/members.hpp"
#include "core/model/outcome.hpp"
#include "core/model/peer.hpp"
#include "core/model/policy.hpp"
#include "core/model/record.hpp"

namespace quorate {

// The first event of every life of an agent. All randomness of the core comes from `entropy`.
struct AgentStarted {
    Settings settings;
    std::uint64_t entropy = 0;
    Lineage fresh_lineage;  // used only if this agent founds the cluster
    bool operator==(const AgentStarted&) const = default;
};
struct DesiredSeen {
    Desired desired;
    bool operator==(const DesiredSeen&) const = default;
};
struct RecordSeen {
    std::optional<ClusterRecord> record;  // nullopt: there is none
    std::string unreadable;               // not empty: it is there but cannot be read, and why
    bool operator==(const RecordSeen&) const = default;
};
// One replica's client port, when its answer changed or the heartbeat is due. While this replica
// does not serve, also once after each RecordSeen; what is told after one was asked after it.
struct ReplicaProbed {
    Ordinal ordinal;
    MemberStatus status;
    bool operator==(const ReplicaProbed&) const = default;
};
// The member list as this replica's own etcd knows it, when it changed.
struct MembersSeen {
    MemberList list;
    bool operator==(const MembersSeen&) const = default;
};
struct EtcdExited {
    ChildExit exit;
    bool operator==(const EtcdExited&) const = default;
};
struct AuthorityLost {
    Fence fence;
    std::string why;
    bool operator==(const AuthorityLost&) const = default;
};
struct TimerFired {
    bool operator==(const TimerFired&) const = default;
};
// SIGTERM or SIGINT. What it means is decided by the desired replicas, never by the signal.
struct StopRequested {
    bool desired_unread = false;  // the desired replicas could not be looked at first
    bool operator==(const StopRequested&) const = default;
};
struct RecoveryApproved {
    std::string token;
    bool operator==(const RecoveryApproved&) const = default;
};
// Written by a newer release: kept whole, and the agent parks rather than guess.
struct UnknownObservation {
    std::uint32_t tag = 0;
    std::string bytes;
    bool operator==(const UnknownObservation&) const = default;
};

// What a command brought back besides its being done.
struct Nothing {
    bool operator==(const Nothing&) const = default;
};
struct EtcdSpawned {
    std::int32_t pid = 0;
    bool operator==(const EtcdSpawned&) const = default;
};
struct AuthorityGranted {
    Fence fence;
    bool operator==(const AuthorityGranted&) const = default;
};
struct LearnerAdded {
    MemberId member_id;
    MemberList list;
    bool operator==(const LearnerAdded&) const = default;
};
struct ContentCompared {
    Revision revision;  // asked of all
    SmallMap<Ordinal, ContentHash> hashes;
    bool operator==(const ContentCompared&) const = default;
};
using Brought = std::variant<Nothing, DiskReport, EtcdSpawned, AuthorityGranted, MemberList,
                             LearnerAdded, ContentCompared>;

struct CommandEnded {
    CommandId id;
    std::variant<Done, Refused, Unknown> outcome;
    Brought brought;
    bool operator==(const CommandEnded&) const = default;
};

// What another agent told over its own connection, which proved to be that replica's: its first
// report of this life, when an identity in it changed, and by the heartbeat while positions move.
struct PeerReported {
    Ordinal from;
    PeerReport report;
    bool operator==(const PeerReported&) const = default;
};

// New ones come last: digests count the place.
using Observation = std::variant<AgentStarted, DesiredSeen, RecordSeen, ReplicaProbed, MembersSeen,
                                 EtcdExited, AuthorityLost, TimerFired, StopRequested,
                                 RecoveryApproved, CommandEnded, UnknownObservation, PeerReported>;

struct Event {
    EventSeq seq;
    Instant at;
    Observation observation;
    bool operator==(const Event&) const = default;
};

// "ReplicaProbed": for logs, explanations and the timeline.
const char* name_of(const Observation& observation);

}  // namespace quorate
