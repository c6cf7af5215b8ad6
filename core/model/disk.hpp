// What a stopped data directory tells, as the disk adapter read it without starting etcd.
// Source of the shapes: etcd facts 12.7, simulator.md 3.3, etcd-measured.md 1.3 and 4.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/model/record.hpp"

namespace quorate {

enum class DiskShape {
    empty,           // no member directory, or one without WAL, snapshot and db
    whole,           // WAL readable to its end (a torn tail that etcd repairs counts), db readable
    db_without_wal,  // etcd would boot a phantom over the old db
    wal_without_db,  // etcd rebuilds the db from the WAL when the log begins at index 1
    unreadable,      // damaged in a way etcd does not repair; `fault` says how
};

// The small file beside etcd's directory that ties a volume to the cluster record.
struct VolumeIdentity {
    Lineage lineage;
    Epoch epoch;
    Ordinal ordinal;
    Nonce nonce;             // changes at every start of etcd
    bool data_seen = false;  // true once a WAL was seen under this identity
    LogPosition high_water;  // highest position this volume is known to have reached
    // As the start that left this knew it: a record that the store lost, or an older one that it
    // shows, is put right by it also where no journal remembers.
    std::optional<ClusterRecord> record;
    bool operator==(const VolumeIdentity&) const = default;
};

// A member, as one of etcd's two membership stores has it.
struct StoredMember {
    MemberId id;
    bool learner = false;
    bool operator==(const StoredMember&) const = default;
};

// To 3.5 the truth is the v2 store (the newest .snap and the log after it) and the db mirrors it;
// from 3.6 the db is the truth. Both as of the db's last applied index, sorted by id.
struct MembershipStores {
    std::vector<StoredMember> v2;
    std::vector<StoredMember> db;
    bool operator==(const MembershipStores&) const = default;
};

struct DiskReport {
    DiskShape shape = DiskShape::empty;
    std::optional<VolumeIdentity> identity;
    bool identity_unreadable = false;  // the file is there but damaged
    MemberId member_id;                // from the WAL's metadata; 0 when there is none
    ClusterId cluster_id;              // the same
    LogPosition last;                  // of the last entry in the WAL
    LogIndex first_index;              // first entry that the WAL still holds, 0 when none
    LogIndex snapshot_index;           // newest snapshot record that a .snap file backs; 0: none
    LogIndex commit;                   // of the last HardState
    LogIndex consistent_index;         // bucket meta of the db: last applied index
    std::string storage_version;       // bucket meta of the db, "3.6.0"; empty when absent
    bool in_use = false;               // somebody holds the lock of the db
    std::string fault;                 // one line; empty when there is nothing wrong
    Bytes bytes_free;                  // of the volume's file system
    Bytes bytes_used;                  // by etcd's directory
    std::string cluster_version;       // bucket cluster of the db, "3.5.0"; empty when absent
    LogIndex v2_request;  // newest entry of API v2 that a start replays; 0: none (see U09)
    std::optional<MembershipStores> stores;  // while the v2 store is the truth and both were read
    bool operator==(const DiskReport&) const = default;
};

}  // namespace quorate
