// The cluster record: the small document outside every replica's volume that says whose history
// this is and which volume may speak for which ordinal. Written by compare-and-swap only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/small_map.hpp"

namespace quorate {

// Formed once, in this order; no step is taken back (requirements B, incident A9).
enum class RecordStage {
    gathering,  // replicas say what their volumes hold; any data found stops the founding
    forming,    // founders are named; they bootstrap with one token
    formed,     // a linearizable read has succeeded: from here on nobody bootstraps
};

// What a replica's own agent says of its volume.
enum class VolumeClaim {
    unknown,
    empty,            // gathering: nothing is there
    holding,          // the volume continues what the record says
    wants_admission,  // no usable data under this identity: add me as a learner
    expelled,         // removed from the member list; data is to be set aside
};

struct ReplicaEntry {
    MemberId member_id;             // 0: not a member
    Nonce nonce;                    // the volume's, of the last confirmed start
    Nonce nonce_next;               // announced before the volume is stamped; 0: none (two-step)
    LogPosition high_water;         // the volume reached at least this
    bool high_water_final = false;  // written at a clean stop: nothing came after
    VolumeClaim claim = VolumeClaim::unknown;
    std::string reason;                    // of wants_admission
    std::string initial_cluster;           // set on admission: how the joiner starts
    std::optional<LogPosition> surviving;  // told while quorum is lost, exact
    LogIndex seen;                         // with `surviving`: the highest commit its agent saw
    // The release whose work the volume holds: raised when that release serves, lowered as soon as
    // an older one is about to start. 0: none served yet.
    Version etcd_version;
    bool operator==(const ReplicaEntry&) const = default;
};

// An approved rebuild from one survivor, until it is done.
struct Rebuild {
    Ordinal survivor;
    LogPosition position;  // the survivor's, as approved
    LogIndex bump;         // how far the revision is raised so that it never runs backwards
    std::string token;
    bool operator==(const Rebuild&) const = default;
};

struct ClusterRecord {
    RecordRevision revision;  // of this document; 0: not written yet
    Lineage lineage;
    Epoch epoch;
    RecordStage stage = RecordStage::gathering;
    std::string token;  // initial-cluster-token of this epoch
    std::vector<Ordinal> founders;
    ClusterId cluster_id;  // 0 until the first member told it
    SmallMap<Ordinal, ReplicaEntry> replicas;
    std::optional<Rebuild> rebuild;
    Fence fence;  // of the last writer that held authority
    bool operator==(const ClusterRecord&) const = default;
};

// From here on data may exist that only this lineage explains.
inline bool is_founded(const ClusterRecord& record) {
    return record.stage != RecordStage::gathering;
}

}  // namespace quorate
