// What a committed entry does to the member that applies it: its keys, its members, its alarms; and
// the end of one that finds itself removed [etcdserver/server.go applyEntries].
#include <algorithm>

#include "sim/world/cluster.hpp"

namespace quorate::sim {

void Cluster::apply(std::uint8_t o) {
    if (at(o).busy) return;
    if (surroundings_[o].applies == 0) return apply_entries(o, UINT64_MAX);
    watcher_.suffered(Fault::slow_apply);
}

void Cluster::apply_entries(std::uint8_t o, std::uint64_t most) {
    Process& p = at(o);
    const std::uint64_t incarnation = p.incarnation;
    bool gone = false;
    while (p.applied < disk(o).commit && most-- > 0) {
        const LogEntry entry = disk(o).log[p.applied];
        // The first entry of a leader's term: from here on its reads are answered through this one.
        if (entry.term != disk(o).term_at(p.applied)) ++topology_;
        ++p.applied;
        const bool accepted = apply_one(o, entry);
        if (accepted && entry.kind == EntryKind::remove && entry.payload == disk(o).id.value)
            gone = true;
        note_in_db(o, entry, accepted);
        watcher_.applied(o, entry, accepted);
        if (p.incarnation != incarnation) return;
        if (!may_run(o)) return end(o, ExitClass::older_binary);
    }
    if (gone) return end(o, end_of_removed(o));
    if (snapshot_due(o)) disk(o).snapshot = p.applied;
    if (p.role == Role::leader) advance_commit(o);
}

// A running member that applies its own removal says so, or panics in the answer to a status call,
// "failed to find local ID in cluster members" [membership/cluster.go IsLocalMemberLearner].
ExitClass Cluster::end_of_removed(std::uint8_t o) {
    return kernel_.streams.chance(o, Purpose::outcome, 50) ? ExitClass::unknown
                                                           : ExitClass::removed;
}

void Cluster::take_write(std::uint8_t o, std::uint64_t write) {
    Process& p = at(o);
    p.hashes.push_back(mix(p.hashes.empty() ? 0 : p.hashes.back(), write ^ disk(o).changed));
    if (p.has.size() <= write) p.has.resize(write + 64);
    p.has[write] = true;
}

// Whether the entry did what it says [membership/cluster.go ValidateConfigurationChange].
bool Cluster::apply_one(std::uint8_t o, const LogEntry& entry) {
    Process& p = at(o);
    const MemberId id{entry.payload};
    View* known = nullptr;
    for (View& view : p.conf)
        if (view.id == id) known = &view;
    const bool was_removed = std::find(p.removed.begin(), p.removed.end(), id) != p.removed.end();
    if (is_conf(entry.kind)) ++topology_;
    switch (entry.kind) {
        case EntryKind::nothing:
            return true;
        case EntryKind::write:
            // To 3.7 the applier answers "corrupt cluster" (etcd facts 9).
            if (!p.accused.empty() || !p.short_of.empty()) return false;
            if (p.applied > disk(o).kept_index) take_write(o, entry.payload);
            return true;
        case EntryKind::add_voter:
        case EntryKind::add_learner: {
            const bool taken = std::any_of(p.conf.begin(), p.conf.end(), [&](const View& view) {
                return view.ordinal == entry.ordinal ||
                       (entry.kind == EntryKind::add_learner && view.learner);
            });
            if (known != nullptr || was_removed || taken) return false;
            p.conf.push_back({id, entry.ordinal, entry.kind == EntryKind::add_learner, false, 0});
            if (p.role == Role::leader) {
                p.progress.push_back({id, 0, disk(o).last_index() + 1, kernel_.now});
            }
            return true;
        }
        case EntryKind::promote:
            if (known == nullptr || !known->learner) return false;
            known->learner = false;
            return true;
        case EntryKind::remove: {
            if (known == nullptr) return false;
            p.removed.push_back(id);
            std::erase_if(p.conf, [&](const View& view) { return view.id == id; });
            std::erase_if(p.progress, [&](const Progress& one) { return one.id == id; });
            return true;
        }
        case EntryKind::accuse:
            if (std::find(p.accused.begin(), p.accused.end(), id) == p.accused.end())
                p.accused.push_back(id);
            return true;
        case EntryKind::disarm:
            std::erase(p.accused, id);
            return true;
        case EntryKind::nospace:
            if (std::find(p.short_of.begin(), p.short_of.end(), id) == p.short_of.end())
                p.short_of.push_back(id);
            return true;
        case EntryKind::room:
            std::erase(p.short_of, id);
            return true;
        case EntryKind::fill:
        case EntryKind::store:
            if (!p.accused.empty() || !p.short_of.empty()) return false;
            (entry.kind == EntryKind::fill ? p.freeable_mib : p.stored_mib) += entry.payload;
            if (p.applied <= disk(o).file_index) return true;  // applied before the restart, too
            disk(o).file_mib = std::max(disk(o).file_mib, p.freeable_mib + p.stored_mib);
            disk(o).file_index = p.applied;
            return true;
        case EntryKind::erase:
            p.stored_mib -= std::min(p.stored_mib, entry.payload);
            return true;
        case EntryKind::compact:
            p.freeable_mib = 0;
            p.compacted = p.hashes.size() + 1;
            return true;
        case EntryKind::agree:
            return true;
        case EntryKind::publish:
            // From 3.6 it is a request to the database like any other.
            if (at(o).version >= Version{3, 6, 0} && p.applied <= disk(o).kept_index) return false;
            if (known != nullptr) {
                known->started = true;
                known->name = entry.ordinal;
            }
            if (id == disk(o).id && p.published_at != Instant{} && !p.ready) {
                p.ready = true;
                ++topology_;
            }
            return true;
    }
    return true;
}

}  // namespace quorate::sim
