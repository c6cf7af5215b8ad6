// What depends on the release of each member, and what all of them agree on: the cluster version is
// that of the oldest member, rises only while every member can be asked, and is never lowered but
// by an enabled downgrade [v3.5.33 cluster_util.go decideClusterVersion, v3.6.14
// version/monitor.go].
#include <algorithm>

#include "core/rules/etcd_versions.hpp"
#include "sim/world/cluster.hpp"

namespace quorate::sim {
namespace {

constexpr Span versions_period = seconds(4);  // etcd's monitorVersionInterval is 5 s, 4 s from 3.6

// etcd#19557: a promotion does not reach the db; 3.5.26 mends that when it publishes itself
// (etcd#20967). From 3.5.24 on what others promoted is not handed on.
bool forgets_promotions(Version version) {
    return version >= Version{3, 5, 1} && version < Version{3, 5, 24};
}
bool mends_its_db(Version version) {
    return version >= Version{3, 5, 26} && version < Version{3, 6, 0};
}

}  // namespace

// nullopt: a member cannot be asked.
std::optional<Version> Cluster::oldest_version(std::uint8_t leader) const {
    Version oldest = minor_of(processes_[leader].version);
    for (const View& view : processes_[leader].conf) {
        const Process& other = processes_[view.ordinal];
        if (view.ordinal == leader) continue;
        if (!other.up() || !network_.linked(leader, view.ordinal)) return std::nullopt;
        oldest = std::min(oldest, minor_of(other.version));
    }
    return oldest;
}

void Cluster::agree_on_version(std::uint8_t o) {
    Process& p = at(o);
    if (!p.established || kernel_.now < p.versions_at + versions_period) return;
    p.versions_at = kernel_.now;
    const auto oldest = oldest_version(o);
    if (!oldest) return;
    if (downgrade_ && *oldest <= *downgrade_) downgrade_.reset();  // all went: it is over
    const Version now = disk(o).cluster_version;
    const Version to = downgrade_ ? *downgrade_ : *oldest;
    if (to == now || (to < now && !downgrade_)) return;
    propose(o, LogEntry{0, 0, to.minor, EntryKind::agree, 0});
}

bool Cluster::enable_downgrade(Version to) {
    const auto leader = able_leader();
    if (!leader || minor_after(to) != disk(*leader).cluster_version) return false;
    downgrade_ = minor_of(to);
    at(*leader).versions_at = Instant{};
    return true;
}

void Cluster::note_in_db(std::uint8_t o, const LogEntry& entry, bool accepted) {
    EtcdData& d = disk(o);
    const Process& p = at(o);
    if (p.applied <= d.in_db) return;
    d.in_db = p.applied;
    if (!accepted) return;
    if (entry.kind == EntryKind::agree)
        d.cluster_version = Version{3, static_cast<std::uint32_t>(entry.payload), 0};
    if (entry.kind == EntryKind::promote && forgets_promotions(p.version))
        d.unpromoted.push_back(MemberId{entry.payload});
    if (entry.kind == EntryKind::publish && entry.payload == d.id.value && p.ready) {
        d.served = p.version;
        if (mends_its_db(p.version)) d.unpromoted.clear();
    }
}

// "server version is lower than determined cluster version".
bool Cluster::may_run(std::uint8_t o) const {
    return minor_of(processes_[o].version) >= volumes_[o].data->cluster_version;
}

}  // namespace quorate::sim
