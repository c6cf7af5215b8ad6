// Commands: intents for adapters, as data. Each is safe to repeat, names its preconditions, and
// carries the deadline after which its outcome is `unknown`.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/instant.hpp"
#include "core/model/disk.hpp"
#include "core/model/members.hpp"
#include "core/model/record.hpp"

namespace quorate {

// This replica's disk and child.
struct ExamineDisk {
    bool operator==(const ExamineDisk&) const = default;
};
struct SetAsideData {
    std::string reason;  // kebab-case; becomes part of the name
    bool operator==(const SetAsideData&) const = default;
};
struct StampVolume {
    VolumeIdentity identity;
    bool operator==(const StampVolume&) const = default;
};
struct StartEtcd {
    std::string name;
    std::string initial_cluster;  // "name=peer_url,..."
    std::string token;
    bool founding = false;           // initial-cluster-state new; ignored by etcd when a WAL exists
    std::vector<std::string> flags;  // by version, from etcd_versions
    bool operator==(const StartEtcd&) const = default;
};
struct StopEtcd {
    Span grace;
    bool operator==(const StopEtcd&) const = default;
};
// Copies the survivor's directory, forces a single member in private, raises the revision, restores
// under a new token into a side directory and renames it into place. Repeatable at any crash point.
struct RebuildEtcd {
    Epoch epoch;  // the new one
    std::string token;
    std::string name;
    std::string peer_url;
    LogIndex bump;
    bool operator==(const RebuildEtcd&) const = default;
};

// The cluster record and authority.
struct WriteRecord {
    RecordRevision expected;  // compare; 0: must not exist
    ClusterRecord record;     // swap; its revision is expected + 1
    Fence fence;              // 0: own entry only, no authority needed
    bool operator==(const WriteRecord&) const = default;
};
struct AcquireAuthority {
    Span ttl;
    bool operator==(const AcquireAuthority&) const = default;
};
struct ReleaseAuthority {
    Fence fence;
    bool operator==(const ReleaseAuthority&) const = default;
};

// etcd, through the client port of replica `via`. Membership commands need the fence to be valid
// when they are sent.
struct ListMembers {
    Ordinal via;
    bool operator==(const ListMembers&) const = default;
};
struct AddLearner {
    Ordinal via;
    Ordinal ordinal;
    std::string peer_url;
    Fence fence;
    bool operator==(const AddLearner&) const = default;
};
struct PromoteMember {
    Ordinal via;
    MemberId member_id;
    Fence fence;
    bool operator==(const PromoteMember&) const = default;
};
struct RemoveMember {
    Ordinal via;
    MemberId member_id;
    Fence fence;
    bool operator==(const RemoveMember&) const = default;
};
struct MoveLeader {
    Ordinal via;  // the leader's
    MemberId to;
    Fence fence;
    bool operator==(const MoveLeader&) const = default;
};
// Hash of each named replica at one revision: the lowest current revision among them. A learner is
// asked on its peer port (etcd facts 7).
struct CompareContent {
    std::vector<Ordinal> replicas;
    bool operator==(const CompareContent&) const = default;
};
struct DisarmCorrupt {
    Ordinal via;
    Fence fence;
    std::vector<MemberId> accused;  // the alarms to disarm; 0: the one that names nobody
    bool operator==(const DisarmCorrupt&) const = default;
};

// Frees the revisions before `at` and returns when their pages are free.
struct Compact {
    Ordinal via;
    Revision at;
    Fence fence;
    bool operator==(const Compact&) const = default;
};
// Gives the free pages of one member back to its disk; that member answers nobody meanwhile.
struct Defragment {
    Ordinal replica;
    Fence fence;
    bool operator==(const Defragment&) const = default;
};
struct DisarmNospace {
    Ordinal via;
    Fence fence;
    bool operator==(const DisarmNospace&) const = default;
};

// Which replicas' client ports the prober asks; replaces the previous set.
struct ProbeReplicas {
    std::vector<Ordinal> replicas;
    bool operator==(const ProbeReplicas&) const = default;
};
// Which agents are asked what they remember, until each has answered; replaces the previous set.
struct AskPeers {
    std::vector<Ordinal> peers;
    bool operator==(const AskPeers&) const = default;
};
// One timer for the whole core: replaces the previous one.
struct WakeAt {
    Instant at;
    bool operator==(const WakeAt&) const = default;
};
// The agent's work is over; the process ends once its child has.
struct ExitAgent {
    std::string reason;
    bool operator==(const ExitAgent&) const = default;
};

// New ones come last: digests count the place.
using CommandBody =
    std::variant<ExamineDisk, SetAsideData, StampVolume, StartEtcd, StopEtcd, RebuildEtcd,
                 WriteRecord, AcquireAuthority, ReleaseAuthority, ListMembers, AddLearner,
                 PromoteMember, RemoveMember, MoveLeader, CompareContent, DisarmCorrupt,
                 ProbeReplicas, WakeAt, ExitAgent, Compact, Defragment, DisarmNospace, AskPeers>;

struct Command {
    CommandId id;
    Instant deadline;
    CommandBody body;
    bool operator==(const Command&) const = default;
};

// WakeAt, ProbeReplicas, AskPeers and ExitAgent have no outcome: nothing is ever waited for.
bool has_outcome(const CommandBody& body);

// "RemoveMember": for logs, explanations and the timeline.
const char* name_of(const CommandBody& body);

}  // namespace quorate
