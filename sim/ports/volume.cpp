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

}  // namespace

DiskReport examine(const Volume& volume, InUse in_use) {
    DiskReport report;
    report.shape = volume.data ? DiskShape::whole : DiskShape::empty;
    report.identity = volume.identity;
    report.in_use = in_use == InUse::yes;
    if (!volume.data) return report;
    const EtcdData& data = *volume.data;
    report.member_id = data.id;
    report.cluster_id = data.cluster;
    report.last = data.last();
    report.first_index = LogIndex{data.log.empty() ? 0U : 1U};
    report.commit = LogIndex{data.commit};
    report.consistent_index = LogIndex{data.commit};
    if (data.cluster_version == Version{}) return report;
    report.cluster_version = to_text(data.cluster_version);
    if (data.cluster_version >= Version{3, 6, 0})
        report.storage_version = report.cluster_version;
    else
        report.stores = stores_of(data);
    return report;
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
