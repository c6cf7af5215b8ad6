// What must hold when an etcd starts: its data continues what its member ran on (S5), and its
// release may run on it (S18).
#include <algorithm>
#include <utility>

#include "core/rules/etcd_versions.hpp"
#include "sim/oracles/oracles.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

std::string text(LogPosition position, std::uint64_t term) {
    return "term " + std::to_string(position.term.value) + " index " +
           std::to_string(position.index.value) + " in term " + std::to_string(term);
}

}  // namespace

void Oracles::starting(std::uint8_t o, const EtcdData& data) {
    // A disk that lost its history is dishonest until it has another identity (3.5, H): one that
    // begins empty under a new member id has promised nothing, and raft brings it what it needs.
    const bool begins = data.log.empty() || ran_.count(data.id.value) == 0;
    if (lost_[o] && data.id != lost_as_[o] && begins) lost_[o] = false;
    ran_as_[o] = data.id;
    identities_.starting(o, data);
    check_version(o, data);
    const auto before = ran_.find(data.id.value);
    if (before == ran_.end()) {
        ran_[data.id.value] = Ran{data.last(), data.term, o};
        return;
    }
    ++findings_.counts.restarts;
    excuse_start(o, data);
    const Ran& ran = before->second;
    // One that never got an entry has promised nothing.
    const bool promised = ran.reached != LogPosition{};
    if (data.last() < ran.reached || (promised && data.term < ran.term))
        report("S5", hex(data.id) + " starts at " + text(data.last(), data.term) +
                         " after it had reached " + text(ran.reached, ran.term));
    if (ran.ordinal != o)
        report("S5", hex(data.id) + " of " + name(ran.ordinal) + " starts at " + name(o));
}

// S18, for what is about to run on this data; joiners have none and are held against the others.
void Oracles::check_version(std::uint8_t o, const EtcdData& data) {
    const Version binary = world_.cluster.process(o).version;
    const Version agreed = data.cluster_version;
    const std::string who = name(o) + " starts etcd " + to_text(binary);
    if (agreed != Version{}) {
        ++findings_.counts.versions;
        if (minor_of(binary) < agreed) report("S18", who + " on data of " + to_text(agreed));
        if (minor_of(binary) > minor_after(agreed))
            report("S18", who + " in a cluster at " + to_text(agreed));
    }
    for (const std::uint8_t other : last_voters_) {
        const Process& process = world_.cluster.process(other);
        if (other == o || !process.up() || minor_of(process.version) == minor_of(binary)) continue;
        ++findings_.counts.mixed;
        const auto [low, high] = std::minmax({minor_of(process.version), minor_of(binary)});
        if (minor_after(low) < high)
            report("S18", who + " beside " + name(other) + " with " + to_text(process.version));
    }
    check_floor(o, data);
}

// What etcd's changelog asks for, in figures of its own: 3.5.26 before 3.6, 3.6.11 before 3.7, on
// this replica and on every voter whose volume is what it was.
void Oracles::check_floor(std::uint8_t o, const EtcdData& data) {
    const Version binary = world_.cluster.process(o).version;
    if (data.served == Version{} || minor_of(data.served) >= minor_of(binary)) return;
    ++findings_.counts.upgrades;
    const Version floor = binary.minor == 6   ? Version{3, 5, 26}
                          : binary.minor == 7 ? Version{3, 6, 11}
                                              : Version{};
    const std::string who = name(o) + " starts etcd " + to_text(binary);
    if (data.served < floor) report("S18", who + " after " + to_text(data.served));
    for (const std::uint8_t voter : last_voters_) {
        const EtcdData* theirs = world_.cluster.data(voter);
        if (theirs == nullptr || lost_[voter] || theirs->cluster != data.cluster) continue;
        if (theirs->served != Version{} && theirs->served < floor)
            report("S18", who + " while " + name(voter) + " has run " + to_text(theirs->served));
    }
    if (binary.minor == 6 && !data.unpromoted.empty())
        report("S18", who + " on a database that lacks a promotion");
}

// Whether that agent could have told this one of a higher position before the start: both ran and
// heard each other all the time since the one that starts had begun to examine its volume.
bool Oracles::remembers(std::uint8_t peer, std::uint8_t o, MemberId id, LogPosition last) const {
    const Agent& asking = *world_.agents[o];
    const Agent& asked = *world_.agents[peer];
    const Remembered& memory = asked.memory_of(o);
    if (memory.member_id != id || memory.position <= last) return false;
    const Instant since = asking.runs_since();
    return asked.alive() && !asked.frozen() && asked.runs_since() <= since &&
           world_.network.linked(peer, o) && world_.network.linked_since(peer, o) <= since;
}

bool Oracles::somebody_remembers(std::uint8_t o, MemberId id, LogPosition last) const {
    for (std::uint8_t peer = 0; peer < Network::size; ++peer)
        if (peer != o && remembers(peer, o, id, last)) return true;
    return false;
}

// With the nonce of the last start and no less than the recorded mark nothing outside the volume
// tells it from a healthy one but what other agents remember: S5 speaks of recorded marks and of
// memories within reach. Else it may, together with one that is down, lose what was acknowledged
// since; the count of such cases says how often that is excused.
void Oracles::excuse_start(std::uint8_t o, const EtcdData& data) {
    const bool excused = nobody_can_tell(o, data);
    same_start_[o] = MemberId{};
    if (!excused) return;
    ++findings_.counts.unknowable;
    looks_honest_[o] = true;
    forgive_all_but(data);
    ran_[data.id.value] = Ran{data.last(), data.term, o};
}

bool Oracles::nobody_can_tell(std::uint8_t o, const EtcdData& data) const {
    return same_start_[o] == data.id && !somebody_remembers(o, data.id, data.last());
}

// Judged as a start would be. What nobody can tell is no amnesia that anybody could notice.
bool Oracles::is_amnesiac(std::uint8_t o) const {
    const EtcdData* data = world_.cluster.data(o);
    if (data == nullptr || !lost_[o] || looks_honest_[o] || same_start_[o].value != 0) return false;
    const auto ran = ran_.find(data->id.value);
    return ran != ran_.end() && (ran->second.ordinal != o || data->last() < ran->second.reached);
}

}  // namespace quorate::sim
