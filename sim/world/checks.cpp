// What etcd makes of damaged files when it starts, and the checks by which members find that their
// contents differ (etcd-measured.md 1.3 and 2.2). The checks run only where they were asked for.
#include <algorithm>

#include "sim/world/cluster.hpp"

namespace quorate::sim {

void Cluster::change_content(std::uint8_t o) {
    if (!volumes_[o].data) return;
    // Two that change by themselves do not change alike.
    disk(o).changed = kernel_.streams.draw(o, Purpose::weather) | 1;
    for (std::uint64_t& hash : at(o).hashes)
        hash = mix(hash, disk(o).changed);
}

void Cluster::damage(std::uint8_t o, Damage kind) {
    if (!volumes_[o].data) return;
    EtcdData& d = disk(o);
    d.damage = kind;
    if (kind == Damage::db_value) d.changed = kernel_.streams.draw(o, Purpose::weather) | 1;
    if (kind == Damage::wal_lost || kind == Damage::restore_killed) {
        d.kept.clear();
        for (std::uint64_t i = 0; i < d.commit; ++i)
            if (d.log[i].kind == EntryKind::write) d.kept.push_back(d.log[i].payload);
        // A restored database begins to count anew.
        d.kept_index = kind == Damage::wal_lost ? d.commit : 0;
    }
    if ((kind == Damage::wal_cut || kind == Damage::wal_last_sector) && !d.log.empty()) {
        d.log.pop_back();
        d.commit = std::min(d.commit, d.last_index());
    }
}

// Why etcd does not start on this directory. What it repairs, or does not notice, is no damage
// any more.
std::optional<ExitClass> Cluster::cannot_open(std::uint8_t o) {
    EtcdData& d = disk(o);
    switch (d.damage) {
        case Damage::wal_bit:
        case Damage::wal_last_bit:
        case Damage::wal_last_half:
            return ExitClass::wal_damaged;
        case Damage::db_pages:
            return ExitClass::db_damaged;
        case Damage::db_half:
            // From 3.5 the file is preallocated: half of a small one still holds all its pages.
            if (at(o).version < Version{3, 5, 0}) return ExitClass::db_damaged;
            break;
        case Damage::db_lost:
            // Without a .snap file the whole log is replayed.
            if (d.snapshot != 0) return ExitClass::db_damaged;
            d.changed = 0;
            break;
        case Damage::none:
        case Damage::wal_last_sector:
        case Damage::wal_cut:
        case Damage::wal_lost:
        case Damage::restore_killed:
        case Damage::db_value:
        case Damage::snap_lost:
            break;
    }
    d.damage = Damage::none;
    return std::nullopt;
}

// What host and medium refuse before any data is opened [adapters/process/classify.cpp].
std::optional<ExitClass> Cluster::cannot_begin(std::uint8_t o) {
    const auto because = [&](Fault fault, ExitClass why) {
        watcher_.suffered(fault);
        return std::optional(why);
    };
    const Medium& medium = media_[o];
    if (surroundings_[o].port_taken) return because(Fault::port_taken, ExitClass::address_in_use);
    if (medium.read_only) return because(Fault::read_only, ExitClass::disk_refused);
    if (medium.full) return because(Fault::full_disk, ExitClass::disk_full);
    if (medium.errors == 0 || !kernel_.streams.chance(o, Purpose::weather, medium.errors))
        return std::nullopt;
    return because(Fault::disk_errors, ExitClass::disk_refused);
}

// An entry that cannot be synced ends etcd: "failed to save Raft hard state and entries" [raft.go].
bool Cluster::can_write(std::uint8_t o) {
    const Medium& medium = media_[o];
    const bool fails =
        medium.errors > 0 && kernel_.streams.chance(o, Purpose::weather, medium.errors);
    if (!medium.read_only && !medium.full && !fails) return true;
    watcher_.suffered(medium.full        ? Fault::full_disk
                      : medium.read_only ? Fault::read_only
                                         : Fault::disk_errors);
    exit_after(o, Span{}, medium.full ? ExitClass::disk_full : ExitClass::disk_refused);
    return false;
}

bool Cluster::snapshot_due(std::uint8_t o) const {
    const std::uint64_t asked = processes_[o].flags.snapshot_count;
    const std::uint64_t own = processes_[o].version < Version{3, 6, 0} ? 100'000 : 10'000;
    return processes_[o].applied > volumes_[o].data->snapshot + (asked != 0 ? asked : own);
}

// Before it serves it asks its peers for their hash at its own revision. To 3.5 it knows no peer
// before its first .snap file, and so asks nobody.
bool Cluster::passes_initial_check(std::uint8_t o) const {
    const Process& p = processes_[o];
    if (!p.flags.initial_check || p.hashes.empty()) return true;
    if (processes_[o].version < Version{3, 6, 0} && volumes_[o].data->snapshot == 0) return true;
    const auto mine = hash_at(o, revision(o));
    for (const View& view : p.conf) {
        if (view.ordinal == o || !network_.linked(o, view.ordinal)) continue;
        const auto theirs = hash_at(view.ordinal, revision(o));
        if (theirs && theirs->hash != mine->hash) return false;
    }
    return true;
}

std::optional<Refused> Cluster::over_quota(std::uint8_t via, std::uint64_t mib) {
    const Process& p = at(via);
    if (!p.answers() || p.flags.quota_mib == 0) return std::nullopt;
    if (disk(via).file_mib + mib <= p.flags.quota_mib) return std::nullopt;
    const MemberId self = disk(via).id;
    if (std::find(p.short_of.begin(), p.short_of.end(), self) == p.short_of.end())
        propose(via, LogEntry{0, 0, self.value, EntryKind::nospace, 0});
    return Refused{Refusal::no_space, "etcdserver: mvcc: database space exceeded"};
}

void Cluster::check_content(std::uint8_t o) {
    Process& p = at(o);
    if (!p.established) return;
    const auto due = [&](Span period, Instant& last) {
        if (period.us == 0 || kernel_.now < std::max(last, p.up_since) + period) return false;
        last = kernel_.now;
        return true;
    };
    if (due(p.flags.corrupt_check, p.corrupt_checked_at)) compare_followers(o);
    if (at(o).version >= Version{3, 5, 0} && due(p.flags.compact_check, p.compact_checked_at))
        compare_compacted(o);
}

// The leader takes itself for right, and accuses the first that differs, in the order of their ids,
// which is any [corrupt.go PeriodicCheck].
void Cluster::compare_followers(std::uint8_t o) {
    const auto mine = hash_at(o, revision(o));
    std::vector<MemberId> differing;
    for (const View& view : at(o).conf) {
        if (view.ordinal == o || !network_.linked(o, view.ordinal)) continue;
        const auto theirs = hash_at(view.ordinal, revision(o));
        if (theirs && theirs->hash != mine->hash) differing.push_back(view.id);
    }
    if (differing.empty()) return;
    accuse(o, differing[kernel_.streams.below(o, Purpose::outcome, differing.size())]);
}

// At the revision of the last compaction; the majority is right [corrupt.go CompactHashCheck].
void Cluster::compare_compacted(std::uint8_t o) {
    Process& p = at(o);
    if (p.compacted == 0 || p.compacted == p.compact_checked) return;
    std::vector<std::pair<std::uint32_t, MemberId>> hashes;
    for (const View& view : p.conf) {
        if (view.ordinal != o && !network_.linked(o, view.ordinal)) continue;
        if (const auto hash =
                hash_at(view.ordinal, Revision{static_cast<std::int64_t>(p.compacted)}))
            hashes.emplace_back(hash->hash, view.id);
    }
    const auto share = [&](std::uint32_t hash) {
        return static_cast<std::size_t>(std::count_if(
            hashes.begin(), hashes.end(), [&](const auto& one) { return one.first == hash; }));
    };
    if (hashes.size() < 2 || share(hashes.front().first) == hashes.size()) {
        p.compact_checked = p.compacted;
        return;
    }
    for (const auto& [hash, id] : hashes)
        if (share(hash) <= p.conf.size() / 2) accuse(o, id);
}

// To 3.5 the alarm names nobody.
void Cluster::accuse(std::uint8_t o, MemberId id) {
    const MemberId named = at(o).version < Version{3, 6, 0} ? MemberId{} : id;
    const std::vector<MemberId>& known = at(o).accused;
    if (std::find(known.begin(), known.end(), named) != known.end()) return;
    lead_append(o, LogEntry{0, 0, named.value, EntryKind::accuse, 0});
}

}  // namespace quorate::sim
