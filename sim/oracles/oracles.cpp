#include "sim/oracles/oracles.hpp"

#include <algorithm>
#include <utility>

#include "core/explain.hpp"
#include "core/rules/etcd_versions.hpp"
#include "core/rules/quorum.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

std::string name(std::uint8_t o) { return "replica " + std::to_string(int{o}); }

std::string text(LogPosition position, std::uint64_t term) {
    return "term " + std::to_string(position.term.value) + " index " +
           std::to_string(position.index.value) + " in term " + std::to_string(term);
}

}  // namespace

void Oracles::report(const char* id, std::string what) {
    if (found_.empty()) found_at_ = world_.kernel.now;
    if (found_.size() < 20) found_.push_back({id, std::move(what)});
    if (world_.watched()) world_.say("VIOLATION " + found_.back().id + " " + found_.back().what);
}

bool Oracles::lives(std::uint8_t o) const {
    return world_.cluster.serves(o) || served_at_[o] + unknowable > world_.kernel.now;
}

void Oracles::removal_asked(std::uint8_t leader, MemberId target) {
    ++counts_.removals;
    const Process& p = world_.cluster.process(leader);
    std::size_t voters = 0;
    std::size_t live = 0;
    bool voter = false;
    bool learner_in_hand = false;
    check_succession(leader, target);
    for (const View& view : p.conf) {
        if (view.learner) {
            learner_in_hand |= view.id != target;
            continue;
        }
        if (view.id == target) {
            voter = true;
            continue;
        }
        ++voters;
        const bool honest = !lost_[view.ordinal] || looks_honest_[view.ordinal] ||
                            lost_at_[view.ordinal] + unknowable > world_.kernel.now;
        if (lives(view.ordinal) && honest) ++live;
    }
    if (!voter) return;
    const EtcdData* leading = world_.cluster.data(leader);
    if (leading != nullptr && leading->id == target)
        world_.coverage.is_true(Sometimes::a_leader_is_removed);
    ++counts_.voters_out;
    if (live < quorum(voters))
        report("S1", "removal of " + hex(target) + " leaves " + std::to_string(live) + " live of " +
                         std::to_string(voters) + " voters");
    // What a person did a moment ago nobody can know of yet.
    const bool surprised =
        world_.by_hand_at != Instant{} && world_.by_hand_at + unknowable > world_.kernel.now;
    if (learner_in_hand && !surprised)
        report("S2", "a voter is removed while a learner is in hand");
}

// S9: what the learner holds is what the leader holds.
void Oracles::disarming_nospace() {
    ++counts_.disarms;
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        const EtcdData* data = world_.cluster.data(o);
        if (data == nullptr || !world_.cluster.process(o).answers()) continue;
        if (data->file_mib * 5 > World::quota_mib * 4)
            report("S13", "NOSPACE is disarmed while replica " + std::to_string(int{o}) +
                              " holds " + std::to_string(data->file_mib) + " MiB");
    }
}

void Oracles::promotion_asked(std::uint8_t leader, MemberId target) {
    ++counts_.promotions;
    const Process& p = world_.cluster.process(leader);
    for (const View& view : p.conf) {
        if (view.id != target) continue;
        const Revision at = world_.cluster.revision(view.ordinal);
        const auto learner = world_.cluster.hash_at(view.ordinal, at);
        const auto leading = world_.cluster.hash_at(leader, at);
        const ReplicaEntry* entry = world_.store.record
                                        ? world_.store.record->replicas.find(Ordinal{view.ordinal})
                                        : nullptr;
        if (entry != nullptr && entry->member_id == target && entry->high_water == LogPosition{})
            report("S9", "the learner " + hex(target) +
                             " is promoted before the record knows that it ran");
        const Process& leads = world_.cluster.process(leader);
        const auto match = std::find_if(leads.progress.begin(), leads.progress.end(),
                                        [&](const Progress& one) { return one.id == target; });
        if (match != leads.progress.end() &&
            match->match * 10 < world_.cluster.data(leader)->last_index() * 9)
            report("S9", "the learner " + hex(target) + " has " + std::to_string(match->match) +
                             " of " + std::to_string(world_.cluster.data(leader)->last_index()) +
                             " entries");
        // Values that change now, or a leader of this instant, nobody can have compared.
        const bool surprised = (world_.changed_at != Instant{} &&
                                world_.changed_at + unknowable > world_.kernel.now) ||
                               leads_since_[leader] + unknowable > world_.kernel.now;
        if (learner && leading && learner->hash != leading->hash && !surprised)
            report("S9", "the learner " + hex(target) + " holds other content than its leader");
    }
}

// S3: one cluster is founded in a life, and a founder founds once.
void Oracles::founding(std::uint8_t o, const EtcdData& data) {
    ++counts_.founded;
    const bool known =
        std::find(clusters_.begin(), clusters_.end(), data.cluster) != clusters_.end();
    if (!known && !clusters_.empty())
        report("S3", name(o) + " founds a second cluster");
    else if (ran_.count(data.id.value) > 0)
        report("S3", name(o) + " founds again what it had founded before");
    if (!known) clusters_.push_back(data.cluster);
}

void Oracles::starting(std::uint8_t o, const EtcdData& data) {
    // A disk that lost its history is dishonest until it has another identity (3.5, H): one that
    // begins empty under a new member id has promised nothing, and raft brings it what it needs.
    if (lost_[o] && data.id != lost_as_[o] && data.log.empty()) lost_[o] = false;
    ran_as_[o] = data.id;
    check_version(o, data);
    const auto before = ran_.find(data.id.value);
    if (before == ran_.end()) {
        ran_[data.id.value] = Ran{data.last(), data.term, o};
        return;
    }
    ++counts_.restarts;
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
        ++counts_.versions;
        if (minor_of(binary) < agreed) report("S18", who + " on data of " + to_text(agreed));
        if (minor_of(binary) > minor_after(agreed))
            report("S18", who + " in a cluster at " + to_text(agreed));
    }
    for (const std::uint8_t other : last_voters_) {
        const Process& process = world_.cluster.process(other);
        if (other == o || !process.up() || minor_of(process.version) == minor_of(binary)) continue;
        ++counts_.mixed;
        const auto [low, high] = std::minmax(minor_of(process.version), minor_of(binary));
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
    ++counts_.upgrades;
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
bool Oracles::remembers(std::uint8_t peer, std::uint8_t o, const EtcdData& data) const {
    const Agent& asking = *world_.agents[o];
    const Agent& asked = *world_.agents[peer];
    const Remembered& memory = asked.memory_of(o);
    if (memory.member_id != data.id || memory.position <= data.last()) return false;
    const Instant since = asking.runs_since();
    return asked.alive() && !asked.frozen() && asked.runs_since() <= since &&
           world_.network.linked(peer, o) && world_.network.linked_since(peer, o) <= since;
}

// With the nonce of the last start and no less than the recorded mark nothing outside the volume
// tells it from a healthy one but what other agents remember: S5 speaks of recorded marks and of
// memories within reach. Else it may, together with one that is down, lose what was acknowledged
// since; the count of such cases says how often that is excused.
void Oracles::excuse_start(std::uint8_t o, const EtcdData& data) {
    if (std::exchange(same_start_[o], MemberId{}) != data.id) return;
    for (std::uint8_t peer = 0; peer < Network::size; ++peer)
        if (peer != o && remembers(peer, o, data)) return;
    ++counts_.unknowable;
    looks_honest_[o] = true;
    forgive_all_but(data);
    ran_[data.id.value] = Ran{data.last(), data.term, o};
}

void Oracles::ended(std::uint8_t o) {
    const EtcdData* data = world_.cluster.data(o);
    if (data == nullptr) return;
    Ran& ran = ran_[data->id.value];
    if (ran.reached <= data->last()) ran = Ran{data->last(), data->term, o};
}

void Oracles::established(std::uint8_t leader) {
    leads_since_[leader] = world_.kernel.now;
    check_content(leader);
}

// A configuration counts from when it is applied [etcd facts 6], also when the voter that it brings
// was cut off an instant before, so that nothing is ever committed under it.
void Oracles::reconfigured(std::uint8_t leader) {
    if (world_.cluster.process(leader).role == Role::leader) note_voters(leader);
}

void Oracles::note_voters(std::uint8_t leader) {
    last_voters_.clear();
    for (const View& view : world_.cluster.process(leader).conf)
        if (!view.learner) last_voters_.push_back(view.ordinal);
}

// S4: whoever leads holds every acknowledged write.
void Oracles::check_content(std::uint8_t leader) {
    ++counts_.leaders;
    const Process& p = world_.cluster.process(leader);
    std::uint64_t missing = 0;
    std::uint64_t first = 0;
    for (std::uint64_t write = 0; write < owed_.size(); ++write) {
        if (!owed_[write] || (write < p.has.size() && p.has[write])) continue;
        if (missing++ == 0) first = write;
    }
    if (missing == 0) return;
    report("S4", name(leader) + " leads without " + std::to_string(missing) +
                     " acknowledged writes, the first of them " + std::to_string(first));
    forgive_all();  // told once
}

void Oracles::acknowledged(std::uint8_t via, std::uint64_t write) {
    ++counts_.acknowledged;
    highest_ = std::max(highest_, world_.cluster.revision(via));
    if (owed_.size() <= write) owed_.resize(write + 256);
    owed_[write] = true;
}

void Oracles::decided(std::uint8_t agent, const State& after, const Decision& decision) {
    for (const RuleHit& hit : decision.hits)
        if (hit.verdict == Verdict::no_row)
            report("CORE", name(agent) + ": no row for a signal of machine " +
                               machine_name(hit.machine) + " in phase " +
                               phase_name(hit.machine, hit.from));
    if (!after.facts.unknown_event.empty())
        report("CORE", name(agent) + ": " + after.facts.unknown_event);
    for (Violation& one : violations(after, decision, counts_.core))
        report(one.id.c_str(), "by the core's own check, " + name(agent) + ": " + one.what);
}

void Oracles::released(std::uint8_t agent, CommandId command, CommandId committed) {
    ++counts_.released;
    if (command > committed)
        report("S16", name(agent) + " carries out command " + std::to_string(command.value) +
                          " before its record is durable");
}

void Oracles::forgive_all() { std::fill(owed_.begin(), owed_.end(), false); }

void Oracles::losing(std::uint8_t o) {
    lost_[o] = true;
    last_command_[o] = CommandId{};
    ever_lost_ = true;
    lost_at_[o] = world_.kernel.now;
    lost_as_[o] = ran_as_[o];
    looks_honest_[o] = false;
    same_start_[o] = MemberId{};
    if (std::count(lost_.begin(), lost_.end(), true) > 1)
        world_.coverage.is_true(Sometimes::two_volumes_lost_one_after_the_other);
    if (!last_voters_.empty() && !recoverable()) {
        std::size_t left = 0;
        for (const std::uint8_t voter : last_voters_)
            if (!lost_[voter]) ++left;
        // A quorum of the voters' volumes is gone: what they acknowledged may be (S4). One of two
        // leaves the other, which holds everything.
        if (last_voters_.size() - left >= quorum(last_voters_.size())) {
            world_.coverage.is_true(Sometimes::a_majority_lost_its_volumes);
            forgive_all();
        }
    }
}

// What the record tells is always found; what only a peer can tell is judged when it starts.
void Oracles::rolled_back(std::uint8_t o) {
    const Volume& volume = world_.volumes[o];
    if (!volume.data || !volume.identity || !world_.store.record) return;
    const ReplicaEntry* entry = world_.store.record->replicas.find(Ordinal{o});
    if (entry == nullptr || volume.identity->ordinal != Ordinal{o}) return;
    const bool same_start =
        volume.identity->nonce == entry->nonce || volume.identity->nonce == entry->nonce_next;
    if (!same_start || volume.data->last() < entry->high_water) return;
    same_start_[o] = volume.data->id;
    for (std::uint8_t peer = 0; peer < Network::size; ++peer) {
        if (peer == o || !remembers(peer, o, *volume.data)) continue;
        ++counts_.remembered;
        break;
    }
}

// The last cluster is the new one from here on, also when its volume is lost before it ever led.
void Oracles::rebuilt(std::uint8_t o) { last_voters_ = {o}; }

void Oracles::accept_loss(Ordinal survivor) {
    const EtcdData* data = world_.cluster.data(static_cast<std::uint8_t>(survivor.value));
    if (data != nullptr) forgive_all_but(*data);
}

void Oracles::forgive_all_but(const EtcdData& data) {
    std::vector<bool> kept(owed_.size());
    for (const LogEntry& entry : data.log)
        if (entry.kind == EntryKind::write && entry.payload < kept.size())
            kept[entry.payload] = true;
    for (std::size_t i = 0; i < owed_.size(); ++i)
        if (!kept[i]) owed_[i] = false;
}

// A voter beyond the desired replicas is out of reach once its pod is gone, and no grace that began
// during the faults is given back: what is left of it must be enough to elect a leader, to wait for
// a lease that its holder left, and to be removed [etcd: 5 s of health first]. After a minute of
// grace that a core slept through nothing is excused: this is asked when the faults end.
bool Oracles::in_reach(std::uint8_t voter) const {
    if (voter < world_.store.desired.replicas) return true;
    if (!world_.agents[voter]->alive()) return false;
    const Policy& policy = world_.config.policy;
    const Span needed =
        policy.authority_ttl + policy.authority_stagger * std::int64_t{World::size} + seconds(15);
    const Pod& pod = world_.pods[voter];
    return pod.phase != Pod::Phase::terminating || pod.killed_at >= world_.kernel.now + needed;
}

// After a loss that nothing outside a volume told of, two volumes that were never touched may hold
// different entries as committed (simulator.md 3.3, the row of two rolled-back disks): raft cannot
// bring them together, and only one of them counts.
bool Oracles::agree(std::uint8_t a, std::uint8_t b) const {
    const EtcdData* one = world_.cluster.data(a);
    const EtcdData* other = world_.cluster.data(b);
    if (one == nullptr || other == nullptr || !ever_lost_) return true;
    const std::uint64_t index = std::min(one->commit, other->commit);
    return one->term_at(index) == other->term_at(index);
}

// Values that read differently from what was written are found by a majority that agrees; where
// there is none, nobody may say who is right. The same of an only member that etcd accuses.
bool Oracles::content_decidable() const {
    std::size_t right = 0;
    for (const std::uint8_t voter : last_voters_) {
        const EtcdData* data = world_.cluster.data(voter);
        if (data != nullptr && data->changed == 0) ++right;
    }
    const bool alone = last_voters_.size() == 1 && last_voters_.front() == 0;
    if (!alone || world_.store.desired.replicas > 1) return right >= quorum(last_voters_.size());
    return world_.cluster.process(last_voters_.front()).accused.empty();
}

bool Oracles::content_is_undecidable() const {
    std::size_t right = 0;
    bool wrong = false;
    for (const std::uint8_t voter : last_voters_) {
        const EtcdData* data = world_.cluster.data(voter);
        if (data == nullptr || !world_.cluster.serves(voter)) continue;
        if (data->changed == 0) ++right;
        wrong |= data->changed != 0;
    }
    return wrong && right < quorum(last_voters_.size());
}

bool Oracles::recoverable() const {
    if (!last_voters_.empty() && !content_decidable()) return false;
    std::size_t honest = 0;
    for (const std::uint8_t voter : last_voters_) {
        if (lost_[voter] || !in_reach(voter)) continue;
        std::size_t with_it = 0;
        for (const std::uint8_t other : last_voters_)
            if (!lost_[other] && in_reach(other) && agree(voter, other)) ++with_it;
        honest = std::max(honest, with_it);
    }
    return !last_voters_.empty() && honest >= quorum(last_voters_.size());
}

std::string Oracles::voters_text() const {
    std::string text;
    for (const std::uint8_t voter : last_voters_) {
        if (!text.empty()) text += ' ';
        text += std::to_string(int{voter});
        if (lost_[voter]) text += " lost";
    }
    return text;
}

void Oracles::note_service(std::uint8_t o) {
    const Instant now = world_.kernel.now;
    if (!world_.cluster.serves(o)) {
        serves_since_[o] = Instant{};
        return;
    }
    if (serves_since_[o] == Instant{}) serves_since_[o] = now;
    served_at_[o] = now;
    if (serves_since_[o] + unknowable < now) steady_at_[o] = now;
}

void Oracles::after_event() {
    if (topology_seen_ == world_.cluster.topology()) return;
    topology_seen_ = world_.cluster.topology();
    if (!world_.network.whole()) ++counts_.cuts;
    std::uint32_t able = 0;
    std::string who;
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        note_service(o);
        if (!world_.cluster.able(o)) continue;
        ++able;
        who += " " + std::to_string(int{o});
        note_voters(o);
    }
    if (able > 0) ++counts_.able;
    if (able > 1) report("S3", "several can commit at once: replicas" + who);
}

void Oracles::audit() {
    if (desired_seen_ != world_.store.desired.replicas) scaled_at_ = world_.kernel.now;
    desired_seen_ = world_.store.desired.replicas;
    const auto leader = world_.cluster.able_leader();
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        note_service(o);
        if (!world_.network.reaches_store(o)) store_cut_at_[o] = world_.kernel.now;
    }
    if (!leader) return;
    const EtcdData& theirs = *world_.cluster.data(*leader);
    for (const View& view : world_.cluster.process(*leader).conf) {
        if (!lost_[view.ordinal] || view.learner || !world_.cluster.serves(view.ordinal)) continue;
        const EtcdData& data = *world_.cluster.data(view.ordinal);
        if (data.id == view.id && data.term == theirs.term && data.commit >= theirs.commit)
            lost_[view.ordinal] = false;
    }
}

// S17: the journal, folded again through the same step, gives the same decisions. All but the
// newest `kept` records; what was compared is left as what it folds to.
void Oracles::refold(Journal& journal, std::size_t kept) {
    const auto end = journal.records.end() - static_cast<std::ptrdiff_t>(kept);
    bool same = true;
    for (auto record = journal.records.begin(); record != end; ++record) {
        Step again = quorate::step(std::move(journal.folded), record->event);
        ++counts_.replayed;
        const bool other = again.decision != record->decision;
        if (other && same)
            report("S17", "the journal of " + name(journal.owner) +
                              " decides otherwise when replayed, at event " +
                              std::to_string(record->event.seq.value));
        same &= !other;
        journal.folded = std::move(again.next);
    }
    journal.records.erase(journal.records.begin(), end);
}

void Oracles::finish() {
    if (const auto leader = world_.cluster.able_leader()) check_content(*leader);
    for (Volume& volume : world_.volumes)
        refold(volume.journal, 0);
}

}  // namespace quorate::sim
