#include "core/rules/identity.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace quorate {
namespace {

bool nonce_is_ours(const ReplicaEntry& entry, Nonce nonce) {
    if (nonce.value == 0) return false;
    return nonce == entry.nonce || nonce == entry.nonce_next;
}

bool nonce_is_ours(const VolumeFacts& facts, const ReplicaEntry& entry) {
    const VolumeIdentity& identity = *facts.disk.identity;
    if (identity.nonce.value != 0 && identity.nonce == facts.stamped) return true;
    return nonce_is_ours(entry, identity.nonce) || record_is_before_start(facts.record, identity);
}

std::optional<Discontinuity> of_shape(const DiskReport& disk) {
    switch (disk.shape) {
        case DiskShape::empty:
        case DiskShape::whole:
            return std::nullopt;
        case DiskShape::db_without_wal:
            return Discontinuity::without_wal;
        case DiskShape::wal_without_db:
            // etcd replays a log that begins at 1 and rebuilds the db (etcd-measured.md 1.3 iv).
            if (disk.first_index <= LogIndex{1} && disk.snapshot_index == LogIndex{})
                return std::nullopt;
            return Discontinuity::without_db;
        case DiskShape::unreadable:
            return Discontinuity::damaged;
    }
    return Discontinuity::damaged;
}

}  // namespace

const char* name_of(Discontinuity why) {
    switch (why) {
        case Discontinuity::not_a_member:
            return "not-a-member";
        case Discontinuity::unidentified:
            return "no-identity";
        case Discontinuity::other_lineage:
            return "other-cluster";
        case Discontinuity::other_epoch:
            return "earlier-epoch";
        case Discontinuity::other_ordinal:
            return "other-replica";
        case Discontinuity::other_nonce:
            return "rolled-back";
        case Discontinuity::behind:
            return "behind-high-water-mark";
        case Discontinuity::other_member:
            return "other-member";
        case Discontinuity::damaged:
            return "damaged";
        case Discontinuity::without_wal:
            return "wal-missing";
        case Discontinuity::without_db:
            return "db-missing";
        case Discontinuity::behind_memory:
            return "behind-peers-memory";
    }
    return "unknown";
}

bool record_is_before_start(const ClusterRecord& record, const VolumeIdentity& identity) {
    if (!identity.record || identity.nonce.value == 0) return false;
    const ReplicaEntry* now = record.replicas.find(identity.ordinal);
    const ReplicaEntry* then = identity.record->replicas.find(identity.ordinal);
    return now != nullptr && then != nullptr && then->nonce_next == identity.nonce &&
           now->nonce == then->nonce && now->member_id == then->member_id;
}

std::optional<Discontinuity> discontinuity(const VolumeFacts& facts) {
    const ReplicaEntry* entry = facts.record.replicas.find(facts.self);
    if (entry == nullptr || entry->claim != VolumeClaim::holding)
        return Discontinuity::not_a_member;
    const DiskReport& disk = facts.disk;
    if (!disk.identity) return Discontinuity::unidentified;
    const VolumeIdentity& identity = *disk.identity;
    if (identity.lineage != facts.record.lineage) return Discontinuity::other_lineage;
    if (identity.ordinal != facts.self) return Discontinuity::other_ordinal;
    if (identity.epoch != facts.record.epoch) return Discontinuity::other_epoch;
    if (!nonce_is_ours(facts, *entry)) return Discontinuity::other_nonce;
    if (auto why = of_shape(disk)) return why;
    if (entry->member_id.value != 0 && disk.member_id != entry->member_id)
        return Discontinuity::other_member;
    if (facts.record.cluster_id.value != 0 && disk.cluster_id != facts.record.cluster_id)
        return Discontinuity::other_member;
    if (disk.last < std::max(entry->high_water, identity.high_water)) return Discontinuity::behind;
    if (disk.last < facts.remembered) return Discontinuity::behind_memory;
    return std::nullopt;
}

bool start_unused(const VolumeFacts& facts) {
    const ReplicaEntry* entry = facts.record.replicas.find(facts.self);
    const DiskReport& disk = facts.disk;
    if (disk.shape != DiskShape::empty) return false;
    // It has told of a log: what ran here may have voted or acknowledged, and is gone.
    if (entry != nullptr && entry->high_water != LogPosition{}) return false;
    if (facts.remembered != LogPosition{}) return false;
    if (entry == nullptr || (entry->nonce.value == 0 && entry->nonce_next.value == 0)) return true;
    if (entry->nonce.value == 0 && !disk.identity) return true;  // announced, never stamped
    return disk.identity && disk.identity->lineage == facts.record.lineage &&
           disk.identity->ordinal == facts.self && disk.identity->epoch == facts.record.epoch &&
           nonce_is_ours(*entry, disk.identity->nonce) && !disk.identity->data_seen;
}

}  // namespace quorate
