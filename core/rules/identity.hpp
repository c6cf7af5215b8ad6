// Is this disk the continuation of what its etcd last ran? (S5, requirements I3, B4, D6.) Read from
// the disk report and the record alone, before etcd starts.
#pragma once

#include <optional>
#include <string>

#include "core/base/ids.hpp"
#include "core/model/disk.hpp"
#include "core/model/record.hpp"

namespace quorate {

// Why a disk does not continue its identity. The kebab-case name becomes part of the name under
// which the data is set aside.
enum class Discontinuity {
    not_a_member,   // the record gives this ordinal no identity
    unidentified,   // the volume carries no readable identity
    other_lineage,  // another cluster's volume
    other_epoch,    // from before a forced rebuild
    other_ordinal,  // another replica's volume: swapped or cloned
    other_nonce,    // a copy from before the last start: rolled back
    behind,         // its log ends before the recorded high-water mark
    other_member,   // the WAL speaks for another member or cluster
    damaged,        // etcd would not start, or would start on half of the data
    without_wal,    // etcd would boot a phantom over the old db
    without_db,     // the log no longer begins at 1, so the db cannot be rebuilt
    behind_memory,  // its log ends before what another agent remembers of it
};
const char* name_of(Discontinuity why);

struct VolumeFacts {
    Ordinal self;
    const DiskReport& disk;
    const ClusterRecord& record;
    LogPosition remembered = {};  // how far other agents know that this identity's log had come
    Nonce stamped = {};           // by this life of the agent: no volume goes back under it
};

// The record went back to before this volume's last start: the start that left the volume's copy of
// the record began where the record is now, and its nonce was never followed by another.
bool record_is_before_start(const ClusterRecord& record, const VolumeIdentity& identity);

// nullopt: it continues, and etcd may run on it under the identity of the record.
std::optional<Discontinuity> discontinuity(const VolumeFacts& facts);

// Nothing was written under this start yet: a founder or joiner that crashed between the promise
// and its first WAL may begin again (the disk must be empty).
bool start_unused(const VolumeFacts& facts);

}  // namespace quorate
