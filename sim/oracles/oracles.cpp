#include "sim/oracles/oracles.hpp"

#include <algorithm>
#include <utility>

#include "core/explain.hpp"
#include "core/facts/memory.hpp"
#include "core/rules/quorum.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// By number of the write: what is committed and not yet applied is no less there.
std::vector<bool> committed_by(const Process& p, const EtcdData& data) {
    std::vector<bool> holds = p.has;
    for (std::uint64_t i = p.applied; i < data.commit; ++i) {
        if (data.log[i].kind != EntryKind::write) continue;
        if (holds.size() <= data.log[i].payload) holds.resize(data.log[i].payload + 1);
        holds[data.log[i].payload] = true;
    }
    return holds;
}

}  // namespace

namespace {

// A record that went back an instant ago says less than those know who read it before.
bool somebody_knows_that_it_ran(const World& world, const View& view) {
    return std::any_of(world.agents.begin(), world.agents.end(), [&](const auto& agent) {
        const auto& record = agent->state().facts.record;
        const ReplicaEntry* entry = record ? record->replicas.find(Ordinal{view.ordinal}) : nullptr;
        return agent->alive() && entry != nullptr && entry->member_id == view.id &&
               entry->high_water != LogPosition{};
    });
}

// It runs, and hears the other and is heard by it, for long enough to have told what it knows.
bool hears_and_tells(const World& world, std::uint8_t by, std::uint8_t o) {
    const Agent& agent = *world.agents[o];
    const Instant lately = world.kernel.now - unknowable;
    return agent.alive() && !agent.frozen() && agent.runs_since() <= lately &&
           world.network.linked(by, o) && world.network.linked(o, by) &&
           world.network.linked_since(by, o) <= lately;
}

bool nobody_knows_more(const World& world, std::uint8_t by) {
    const auto& there = world.store.record;
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        const auto& known = world.agents[o]->state().facts.record;
        const bool newer = known && (!there || known->lineage != there->lineage ||
                                     there->revision < known->revision);
        if (newer && hears_and_tells(world, by, o)) return false;
    }
    return true;
}

// Its log goes on behind what founders bootstrap from: it knows that a quorum of them has run.
bool somebody_saw_it_form(const World& world, std::uint8_t by, const EtcdData& data) {
    if (!world.store.record) return false;
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        const EtcdData* theirs = world.cluster.data(o);
        if (o == by || theirs == nullptr || theirs->cluster != data.cluster) continue;
        if (theirs->last_index() > world.store.record->founders.size() &&
            hears_and_tells(world, by, o))
            return true;
    }
    return false;
}

}  // namespace

bool Oracles::lives(std::uint8_t o) const {
    return world_.cluster.serves(o) || served_at_[o] + unknowable > world_.kernel.now;
}

void Oracles::removal_asked(std::uint8_t leader, MemberId target) {
    ++findings_.counts.removals;
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
    ++findings_.counts.voters_out;
    if (live < quorum(voters))
        report("S1", "removal of " + hex(target) + " leaves " + std::to_string(live) + " live of " +
                         std::to_string(voters) + " voters");
    // What a person did a moment ago nobody can know of yet.
    const bool surprised =
        world_.by_hand_at != Instant{} && world_.by_hand_at + unknowable > world_.kernel.now;
    if (learner_in_hand && !surprised)
        report("S2", "a voter is removed while a learner is in hand");
}

// S13: of the members. What was removed and did not hear of it fills nothing of the cluster's.
void Oracles::disarming_nospace() {
    ++findings_.counts.disarms;
    const auto leader = world_.cluster.able_leader();
    if (!leader) return;
    for (const View& view : world_.cluster.process(*leader).conf) {
        const EtcdData* data = world_.cluster.data(view.ordinal);
        if (data == nullptr || !world_.cluster.process(view.ordinal).answers()) continue;
        if (data->file_mib * 5 > world_.config.quota_mib * 4)
            report("S13", "NOSPACE is disarmed while " + name(view.ordinal) + " holds " +
                              std::to_string(data->file_mib) + " MiB");
    }
}

// S9: what the learner holds is what the leader holds.
void Oracles::promotion_asked(std::uint8_t leader, MemberId target) {
    ++findings_.counts.promotions;
    const Process& p = world_.cluster.process(leader);
    for (const View& view : p.conf) {
        if (view.id != target) continue;
        const Revision at = world_.cluster.revision(view.ordinal);
        const auto learner = world_.cluster.hash_at(view.ordinal, at);
        const auto leading = world_.cluster.hash_at(leader, at);
        const ReplicaEntry* entry = world_.store.record
                                        ? world_.store.record->replicas.find(Ordinal{view.ordinal})
                                        : nullptr;
        const bool untold =
            entry != nullptr && entry->member_id == target && entry->high_water == LogPosition{};
        if (untold && !(record_was_changed_ && somebody_knows_that_it_ran(world_, view)))
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

// Its record, or its volume, tells this agent of a cluster that was founded.
bool Oracles::knows_a_cluster(std::uint8_t o) const {
    const auto& identity = world_.volumes[o].identity;
    const bool left = identity && identity->record && world_.volumes[o].data;
    return left || !founded_cluster(world_.agents[o]->state().facts, {}).value.empty();
}

// The record that would have told of a cluster was lost, or went back to before it. Whoever runs,
// hears the one that names the founders and has done so for long enough, tells it what it knows;
// when none of these knows, nothing within reach of an agent says that there was a cluster.
void Oracles::naming_founders(std::uint8_t by) {
    bool known = knows_a_cluster(by);
    for (std::uint8_t o = 0; o < Network::size; ++o)
        known |= o != by && hears_and_tells(world_, by, o) && knows_a_cluster(o);
    nobody_knew_ = record_was_changed_ && !known;
}

bool Oracles::founded(ClusterId cluster) const {
    return std::find(clusters_.begin(), clusters_.end(), cluster) != clusters_.end();
}

// S3: one cluster is founded in a life, and a founder founds once. What the first acknowledged is
// on volumes that do not run, if anywhere: no agent can keep what none knows of.
void Oracles::founding(std::uint8_t o, const EtcdData& data) {
    ++findings_.counts.founded;
    const bool known = founded(data.cluster);
    const bool second = !known && !clusters_.empty();
    const bool again = known && ran_.count(data.id.value) > 0;
    // A record from before its first start, and a volume that lost what it founded then.
    const bool before_first_start =
        again && record_was_changed_ && lost_[o] && nobody_knows_more(world_, o) &&
        !somebody_saw_it_form(world_, o, data) && !somebody_remembers(o, data.id, data.last());
    const bool unheard_of = (second && nobody_knew_) || before_first_start;
    if (unheard_of) {
        ++findings_.counts.unheard_of;
        forgive_all();
        ran_.erase(data.id.value);
    } else if (second) {
        report("S3", name(o) + " founds a second cluster");
    } else if (again && !nobody_can_tell(o, data)) {
        report("S3", name(o) + " founds again what it had founded before");
    }
    if (!known) clusters_.push_back(data.cluster);
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
    ++findings_.counts.leaders;
    const std::vector<bool> holds =
        committed_by(world_.cluster.process(leader), *world_.cluster.data(leader));
    const ClusterId cluster = world_.cluster.data(leader)->cluster;
    std::uint64_t missing = 0;
    std::uint64_t first = 0;
    for (std::uint64_t write = 0; write < owed_.size(); ++write) {
        if (!owed_[write] || (write < holds.size() && holds[write])) continue;
        // Of two foundings that nobody could tell of each other one goes on; the other's volumes
        // are kept, and its agents park (S3). What was rebuilt from one still owes what that did.
        if (founded_unheard_of() && founded(cluster) && founded(promised_[write]) &&
            promised_[write] != cluster)
            continue;
        if (missing++ == 0) first = write;
    }
    if (missing == 0) return;
    report("S4", name(leader) + " leads without " + std::to_string(missing) +
                     " acknowledged writes, the first of them " + std::to_string(first));
    forgive_all();  // told once
}

void Oracles::acknowledged(std::uint8_t via, std::uint64_t write) {
    ++findings_.counts.acknowledged;
    highest_ = std::max(highest_, world_.cluster.revision(via));
    if (owed_.size() <= write) owed_.resize(write + 256);
    owed_[write] = true;
    promised_.resize(owed_.size());
    promised_[write] = world_.cluster.data(via)->cluster;
    saved_.resize(owed_.size());
    saved_[write] = true;
}

void Oracles::decided(std::uint8_t agent, const State& after, const Decision& decision) {
    for (const RuleHit& hit : decision.hits)
        if (hit.verdict == Verdict::no_row)
            report("CORE", name(agent) + ": no row for a signal of machine " +
                               machine_name(hit.machine) + " in phase " +
                               phase_name(hit.machine, hit.from));
    if (!after.facts.unknown_event.empty() && !world_.faults.goes_on(Fault::future_event, agent))
        report("CORE", name(agent) + ": " + after.facts.unknown_event);
    for (Violation& one : violations(after, decision, findings_.counts.core))
        report(one.id.c_str(), "by the core's own check, " + name(agent) + ": " + one.what);
}

void Oracles::released(std::uint8_t agent, CommandId command, CommandId committed) {
    ++findings_.counts.released;
    if (command > committed)
        report("S16", name(agent) + " carries out command " + std::to_string(command.value) +
                          " before its record is durable");
}

void Oracles::note_service(std::uint8_t o) {
    const Instant now = world_.kernel.now;
    // Who asks everybody for a password serves nobody that asks without.
    if (!world_.cluster.serves(o) || world_.cluster.asks_for_passwords()) {
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
    if (!world_.network.whole()) ++findings_.counts.cuts;
    std::uint32_t able = 0;
    std::string who;
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        note_service(o);
        if (!world_.cluster.able(o)) continue;
        ++able;
        who += " " + std::to_string(int{o});
        note_voters(o);
    }
    if (able > 0) ++findings_.counts.able;
    if (able > 1) report("S3", "several can commit at once: replicas" + who);
}

void Oracles::told(std::uint8_t agent, const Observation& observation) {
    knowledge_.told(agent, observation);
    // It may have served for no longer than this probe took.
    const auto* probed = std::get_if<ReplicaProbed>(&observation);
    if (probed != nullptr && probed->ordinal == Ordinal{agent} && world_.cluster.serves(agent))
        served_at_[agent] = world_.kernel.now;
    const auto* ended = std::get_if<CommandEnded>(&observation);
    if (ended == nullptr) return;
    intents_.told(agent, *ended);
    if (const auto* compared = std::get_if<ContentCompared>(&ended->brought))
        contents_.told(agent, *compared);
}

void Oracles::audit() {
    if (desired_seen_ != world_.store.desired.replicas) scaled_at_ = world_.kernel.now;
    desired_seen_ = world_.store.desired.replicas;
    const auto leader = world_.cluster.able_leader();
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        note_service(o);
        if (!world_.network.reaches_store(o)) store_cut_at_[o] = world_.kernel.now;
    }
    contents_.audit();
    detection_.audit();
    peace_.audit();
    intents_.audit();
    if (!leader) return;
    const EtcdData& theirs = *world_.cluster.data(*leader);
    for (const View& view : world_.cluster.process(*leader).conf) {
        if (!lost_[view.ordinal] || view.learner || !world_.cluster.serves(view.ordinal)) continue;
        const EtcdData& data = *world_.cluster.data(view.ordinal);
        const bool has_all = data.term == theirs.term && data.commit >= theirs.commit;
        if (data.id == view.id && has_all && data.damage == Damage::none)
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
        ++findings_.counts.replayed;
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
