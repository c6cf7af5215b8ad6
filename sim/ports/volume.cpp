#include "sim/ports/volume.hpp"

#include <algorithm>

#include "core/rules/etcd_versions.hpp"

namespace quorate::sim {

namespace {

// The changes that the db has seen; in the db itself those that were never promoted still learn.
MembershipStores stores_of(const EtcdData& data) {
    MembershipStores stores;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(data.in_db, data.log.size()); ++i) {
        const LogEntry& entry = data.log[i];
        const MemberId id{entry.payload};
        if (entry.kind == EntryKind::add_voter || entry.kind == EntryKind::add_learner)
            stores.v2.push_back({id, entry.kind == EntryKind::add_learner});
        if (entry.kind == EntryKind::remove)
            std::erase_if(stores.v2, [&](const StoredMember& one) { return one.id == id; });
        for (StoredMember& one : stores.v2)
            if (entry.kind == EntryKind::promote && one.id == id) one.learner = false;
    }
    std::sort(stores.v2.begin(), stores.v2.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    stores.db = stores.v2;
    for (StoredMember& one : stores.db)
        one.learner |= std::find(data.unpromoted.begin(), data.unpromoted.end(), one.id) !=
                       data.unpromoted.end();
    return stores;
}

// What the examiner says of damaged files (tests/contract/disk/damage_test.cpp); nullopt: nothing
// is wrong that can be seen.
std::optional<DiskShape> shape_of(const EtcdData& data) {
    switch (data.damage) {
        case Damage::wal_bit:
        case Damage::wal_last_bit:
        case Damage::wal_last_half:
        case Damage::restore_killed:
        case Damage::db_half:
        case Damage::db_pages:
            return DiskShape::unreadable;
        case Damage::wal_lost:
            return DiskShape::db_without_wal;
        case Damage::db_lost:
            return data.snapshot == 0 ? DiskShape::wal_without_db : DiskShape::unreadable;
        case Damage::snap_lost:
            if (data.snapshot != 0) return DiskShape::unreadable;
            break;
        case Damage::none:
        case Damage::wal_last_sector:
        case Damage::wal_cut:
        case Damage::db_value:
            break;
    }
    return std::nullopt;
}

// What the log says, of what is left of it.
void read_log(const EtcdData& data, DiskReport& report) {
    report.member_id = data.id;
    report.cluster_id = data.cluster;
    report.last = data.last();
    report.first_index = LogIndex{data.log.empty() ? 0U : 1U};
    report.commit = LogIndex{data.commit};
}

void read_db(const EtcdData& data, DiskReport& report) {
    report.consistent_index = LogIndex{data.commit};
    if (data.cluster_version == Version{}) return;
    report.cluster_version = to_text(data.cluster_version);
    if (data.cluster_version >= Version{3, 6, 0})
        report.storage_version = report.cluster_version;
    else if (report.shape == DiskShape::whole)
        report.stores = stores_of(data);
}

}  // namespace

DiskReport examine(const Volume& volume, InUse in_use) {
    DiskReport report;
    report.shape = volume.data ? DiskShape::whole : DiskShape::empty;
    report.identity = volume.identity;
    report.in_use = in_use == InUse::yes;
    if (!volume.data) return report;
    const EtcdData& data = *volume.data;
    // What looks damaged while etcd writes need not be.
    if (!report.in_use) report.shape = shape_of(data).value_or(DiskShape::whole);
    if (report.shape == DiskShape::unreadable) report.fault = "a file is damaged";
    if (report.shape != DiskShape::db_without_wal) read_log(data, report);
    if (report.shape != DiskShape::wal_without_db) read_db(data, report);
    return report;
}

void stamp(Volume& volume, const VolumeIdentity& identity) {
    if (volume.identity != identity) volume.identity_before = volume.identity;
    volume.identity = identity;
}

bool set_aside(Volume& volume, const std::string& reason, InUse in_use) {
    if (in_use == InUse::yes) return false;
    if (!volume.data) return true;
    volume.set_aside.push_back(reason);
    if (volume.identity) volume.identity->data_seen = true;
    volume.data.reset();
    return true;
}

}  // namespace quorate::sim
