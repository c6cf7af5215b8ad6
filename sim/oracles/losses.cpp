// What faults took, what that excuses, and whether the last cluster can go on without it.
#include <algorithm>
#include <utility>

#include "core/rules/quorum.hpp"
#include "sim/oracles/oracles.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {

void Oracles::forgive_all() { std::fill(owed_.begin(), owed_.end(), false); }

namespace {

// What was acknowledged before a promotion is on a quorum of those that voted then: who was
// promoted holds it only once it has heard of that.
bool knows_that_it_votes(const Volume& volume) {
    if (!volume.data) return false;
    const auto& log = volume.data->log;
    const auto last = std::find_if(log.rbegin(), log.rend(), [&](const LogEntry& entry) {
        return entry.payload == volume.data->id.value &&
               (entry.kind == EntryKind::add_learner || entry.kind == EntryKind::promote);
    });
    return last == log.rend() || last->kind == EntryKind::promote;
}

}  // namespace

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
            if (!lost_[voter] && knows_that_it_votes(world_.volumes[voter])) ++left;
        // A quorum of the voters' volumes is gone: what they acknowledged may be (S4). One of two
        // leaves the other, which holds everything.
        if (last_voters_.size() - left >= quorum(last_voters_.size())) {
            world_.coverage.is_true(Sometimes::a_majority_lost_its_volumes);
            forgive_all();
        }
    }
}

void Oracles::rotting(std::uint8_t o) {
    const MemberId same_start = same_start_[o];
    losing(o);
    same_start_[o] = same_start;
    looks_honest_[o] = true;
}

// Agents that know the newer record put it back; a volume that came back before then is told from
// an honest one by what they, or the peers that remember its log, know: judged when it starts.
void Oracles::record_changed() {
    record_was_changed_ = true;
    for (std::uint8_t o = 0; o < Network::size; ++o)
        if (lost_[o]) note_what_can_tell(o);
}

void Oracles::rolled_back(std::uint8_t o) { note_what_can_tell(o); }

// What the record tells is always found; what only a peer can tell is judged when it starts. One
// that is back between its claim and etcd's first write looks like one that never started. A volume
// that carries the newest record there is has nothing outside of it to be held against.
void Oracles::note_what_can_tell(std::uint8_t o) {
    const Volume& volume = world_.volumes[o];
    if (!volume.identity || volume.identity->ordinal != Ordinal{o}) return;
    const VolumeIdentity& identity = *volume.identity;
    const LogPosition last = volume.data ? volume.data->last() : LogPosition{};
    const MemberId id = volume.data ? volume.data->id : lost_as_[o];
    const auto tells = [&](const std::optional<ClusterRecord>& record) {
        if (!record || record->lineage != identity.lineage) return false;
        const auto& copy = identity.record;
        if (copy &&
            std::pair(record->epoch, record->revision) < std::pair(copy->epoch, copy->revision))
            return false;
        const ReplicaEntry* entry = record->replicas.find(Ordinal{o});
        if (entry == nullptr) return true;
        const bool same_start =
            identity.nonce == entry->nonce || identity.nonce == entry->nonce_next;
        return !same_start || last < entry->high_water;
    };
    if (tells(world_.store.record)) return;
    for (std::uint8_t other = 0; other < Network::size; ++other) {
        const Agent& agent = *world_.agents[other];
        if (other != o && agent.alive() && tells(agent.state().facts.record)) return;
    }
    same_start_[o] = id;
    for (std::uint8_t peer = 0; peer < Network::size; ++peer) {
        if (peer == o || !remembers(peer, o, id, last)) continue;
        ++findings_.counts.remembered;
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
        if (!kept[i]) owed_[i] = saved_[i] = false;
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
    if (last_voters_.size() == 1 && !world_.cluster.process(last_voters_.front()).accused.empty())
        return true;
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

}  // namespace quorate::sim
