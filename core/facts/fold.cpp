#include "core/facts/fold.hpp"

#include <algorithm>
#include <utility>

#include "core/base/limits.hpp"
#include "core/facts/doubts.hpp"
#include "core/facts/evidence.hpp"
#include "core/facts/memory.hpp"

namespace quorate {
namespace {

// A new life of the agent: what it knew is gone with its processes, what it promised is not.
// Commands in flight are not assumed to have ended either way: every rule looks before it acts.
void begin_life(State& state, const AgentStarted& started) {
    State fresh;
    fresh.seq = state.seq;
    fresh.now = state.now;
    fresh.last_command = state.last_command;
    fresh.facts.settings = started.settings;
    fresh.facts.entropy = started.entropy;
    fresh.facts.fresh_lineage = started.fresh_lineage;
    fresh.facts.started_at = state.now;
    fresh.facts.none_serves_since = state.now;
    fresh.facts.hashes_at = state.now;
    // What others said they remember stays said, whoever of them runs now.
    fresh.facts.peers = std::move(state.facts.peers);
    fresh.facts.record_before = newest_record(state.facts);
    state = std::move(fresh);
}

void note_service(State& state) {
    Facts& facts = state.facts;
    if (somebody_serves(facts)) {
        facts.none_serves_since.reset();
        // How far a running etcd's log reached holds only while nobody can commit (S7): told again
        // after the next loss of quorum it would hide what was acknowledged in between.
        if (facts.etcd_running && facts.disk && facts.disk->in_use) facts.disk.reset();
    } else if (!facts.none_serves_since) {
        facts.none_serves_since = state.now;
    }
}

// Indexes of another cluster, or of an epoch before, count other revisions.
void note_commit(Facts& facts, const MemberStatus& status) {
    if (!facts.record || facts.record->cluster_id.value == 0) return;
    if (!status.answers || status.cluster_id != facts.record->cluster_id) return;
    CommitSeen& seen = facts.commit_seen;
    if (seen.epoch != facts.record->epoch) seen = CommitSeen{facts.record->epoch, LogIndex{}};
    seen.index = std::max(seen.index, status.index);
}

void fold_probe(State& state, const ReplicaProbed& seen) {
    ProbeFact& probe = state.facts.probes[seen.ordinal];
    const bool first = probe.at == Instant{};
    const bool was_healthy = !first && healthy(probe.status);
    const bool is_healthy = healthy(seen.status);
    if (is_healthy && !was_healthy) probe.healthy_since = state.now;
    // Who could not be asked may have served all the while: its silence begins now.
    const bool was_asked = !probe.status.unresolved;
    if (!is_healthy && (was_healthy || first || !was_asked)) probe.quiet_since = state.now;
    probe.status = seen.status;
    probe.at = state.now;
    note_commit(state.facts, seen.status);
    note_service(state);
}

// A cluster that was founded is not undone by replicas that gather for another one: they found no
// record and know of none.
bool goes_back(const ClusterRecord& known, const std::optional<ClusterRecord>& seen) {
    if (!seen) return true;
    if (seen->lineage != known.lineage) return is_founded(known) && !is_founded(*seen);
    return std::pair(seen->epoch, seen->revision) < std::pair(known.epoch, known.revision);
}

void note_behind(State& state, const std::optional<ClusterRecord>& there) {
    Facts& facts = state.facts;
    if (!facts.record_there) facts.record_behind_at = state.now;
    facts.record_there = there ? there->revision : RecordRevision{};
}

// What earlier lives of this agent knew, or the last start left on this volume, counts once the
// volume is of that cluster: a journal may be left from another one.
void vouch_for_record(State& state) {
    Facts& facts = state.facts;
    if (!facts.disk || !facts.disk->identity) return;
    const VolumeIdentity& volume = *facts.disk->identity;
    auto& before = facts.record_before;
    // Without data it may be from before the first start, and what ran since is gone.
    const bool copied = volume.record && facts.disk->shape != DiskShape::empty;
    if (copied &&
        (!before || before->lineage != volume.lineage || goes_back(*volume.record, before)))
        before = volume.record;
    const bool ours = before && before->lineage == volume.lineage;
    if (!ours || !facts.record_known || !facts.record_unreadable.empty()) return;
    if (goes_back(*before, facts.record)) {
        if (!facts.record_there) note_behind(state, facts.record);
        facts.record = with_starts_since(std::move(*before), facts);
    }
    before.reset();
}

void take_record(State& state, const RecordSeen& seen) {
    Facts& facts = state.facts;
    const auto& newest = facts.record ? facts.record : facts.record_before;
    const bool gathers_anew =
        !facts.record && newest && seen.record && seen.record->lineage != newest->lineage;
    if (newest && goes_back(*newest, seen.record) && !gathers_anew)
        return note_behind(state, seen.record);
    facts.record_there.reset();
    facts.record_behind_at = Instant{};
    facts.record = seen.record;
    if (newest_record(facts) == facts.record) facts.record_before.reset();
    if (!facts.record || !facts.record->rebuild) {
        facts.rebuild_seen_at = Instant{};
        return;
    }
    if (facts.rebuild_seen_at == Instant{}) facts.rebuild_seen_at = state.now;
    // An approval is good for one order: one that was taken back is not given again by itself.
    facts.approved_token.reset();
}

void fold_record(State& state, const RecordSeen& seen) {
    state.facts.record_known = true;
    state.facts.record_unreadable = seen.unreadable;
    if (!seen.unreadable.empty()) return;
    take_record(state, seen);
    vouch_for_record(state);
}

// A report that was overtaken, or is of another cluster, tells nothing. Before there is one here,
// every report tells whether its sender knows of one.
void fold_report(State& state, const PeerReported& seen) {
    Facts& facts = state.facts;
    const std::size_t known = facts.settings.addresses.size();
    if (seen.from == facts.settings.self || seen.from.value >= known) return;
    const Lineage& lineage = seen.report.lineage;
    if (facts.record && is_founded(*facts.record) && lineage != facts.record->lineage) return;
    PeerFact fact;
    const PeerFact* before = facts.peers.find(seen.from);
    // One that knows of no cluster yet takes back nothing of what it told of one.
    if (before != nullptr && (before->report.lineage == lineage || lineage.value.empty()))
        fact = *before;
    PeerReport& told = fact.report;
    if (told.boot == seen.report.boot && seen.report.sequence <= told.sequence) return;
    if (!lineage.value.empty()) told.lineage = lineage;
    told.founded = seen.report.founded;
    told.boot = seen.report.boot;
    told.sequence = seen.report.sequence;
    remember(told.self, seen.report.self);
    for (const auto& [ordinal, remembered] : seen.report.others)
        if (ordinal.value < known) remember(told.others[ordinal], remembered);
    hear_finding(facts, fact, seen.report.content, state.now);
    fact.at = state.now;
    facts.peers[seen.from] = std::move(fact);
}

void fold_exit(State& state, const EtcdExited& seen) {
    Facts& facts = state.facts;
    facts.etcd_running = false;
    facts.list_current = false;  // the own etcd tells of changes no more
    facts.etcd_pid = 0;
    facts.last_exit = seen.exit;
    ++facts.exits;
    facts.disk.reset();
    // Nobody else answers on this replica's port, and the next probe may be a while.
    if (ProbeFact* own = facts.probes.find(facts.settings.self); own && healthy(own->status)) {
        own->status = MemberStatus{};
        own->quiet_since = state.now;
        own->at = state.now;
        note_service(state);
    }
}

// Each of these may have changed the list, whatever its outcome says.
bool changes_members(const CommandBody& body) {
    return std::holds_alternative<AddLearner>(body) ||
           std::holds_alternative<PromoteMember>(body) ||
           std::holds_alternative<RemoveMember>(body);
}

// Who learns was not compared as a voter, and differs from none by coming or going.
bool changes_voters(const Facts& facts, const CommandBody& body) {
    if (std::holds_alternative<PromoteMember>(body)) return true;
    const auto* remove = std::get_if<RemoveMember>(&body);
    if (remove == nullptr) return false;
    const MemberList* list = newest_list(facts);
    const ListedMember* member = list != nullptr ? find_member(*list, remove->member_id) : nullptr;
    return member == nullptr || !member->learner;
}

bool judged_bad(const Facts& facts) {
    return facts.judged.verdict == HashVerdict::minority ||
           facts.judged.verdict == HashVerdict::undecided;
}

// The voters are, or may be, others now. They are compared at once where the ones before were: a
// repair does not wait between its removal and its admission.
void forget_judgement(Facts& facts) {
    if (facts.judged.at != Instant{}) facts.hashes_at = Instant{};
    facts.judged = HashJudgement{};
    facts.compared.clear();
    facts.still_doubted.clear();
}

// Journals of the releases whose agents told each other nothing know no such fact.
std::vector<MemberId> told_of(const Facts& facts, const ContentCompared& compared) {
    std::vector<MemberId> ids;
    if (facts.settings.policy.peers_wait == Span{}) return ids;
    for (const auto& [ordinal, hash] : compared.hashes)
        if (hash.answered && hash.member_id.value != 0) ids.push_back(hash.member_id);
    return ids;
}

// Those in doubt that a comparison says nothing of: they did not answer it.
std::vector<MemberId> doubted_without(const Facts& facts, const std::vector<MemberId>& answered) {
    std::vector<MemberId> left = doubted(facts);
    left.erase(std::remove_if(left.begin(), left.end(),
                              [&](MemberId id) {
                                  return std::find(answered.begin(), answered.end(), id) !=
                                         answered.end();
                              }),
               left.end());
    return left;
}

// A voter that was not compared serves perhaps in the next moment; one that lost its volume, or has
// been silent for long, is not waited for.
bool some_may_still_answer(const Facts& facts, const ContentCompared& compared, Instant now) {
    const MemberList* list = newest_list(facts);
    if (list == nullptr) return false;
    return std::any_of(list->members.begin(), list->members.end(), [&](const ListedMember& one) {
        const auto ordinal = ordinal_of(facts, one);
        if (one.learner || !ordinal) return false;
        const ContentHash* hash = compared.hashes.find(*ordinal);
        if (hash != nullptr && hash->answered) return false;
        const ReplicaEntry* entry = facts.record ? facts.record->replicas.find(*ordinal) : nullptr;
        if (entry != nullptr && entry->claim == VolumeClaim::wants_admission) return false;
        const ProbeFact* probe = facts.probes.find(*ordinal);
        return probe == nullptr || probe->status.answers || probe->status.unresolved ||
               now < probe->quiet_since + facts.settings.policy.unresponsive_after;
    });
}

using Votes = SmallMap<std::uint32_t, std::uint32_t>;  // by hash

// The smallest group that disagrees with a majority at one revision. A loser that is ahead of
// everybody is left to a person: it may hold the only copy of what the others lost (etcd facts 5,
// amnesiac quorum).
void side_with_majority(Facts& facts, const ContentCompared& compared, const Votes& votes) {
    for (const auto& [winner, count] : votes) {
        if (count * 2 <= facts.judged.answered) continue;
        Revision newest;
        for (const auto& [ordinal, hash] : compared.hashes)
            if (hash.answered && hash.hash == winner) newest = std::max(newest, hash.revision);
        bool all_are_behind = true;
        for (const auto& [ordinal, hash] : compared.hashes) {
            if (!hash.answered || hash.hash == winner) continue;
            const bool ahead = hash.revision > newest;
            facts.diverged[hash.member_id] = ahead ? "ahead of the majority" : "";
            all_are_behind = all_are_behind && !ahead;
        }
        if (votes.size() == 1 || !all_are_behind) continue;
        facts.judged.verdict = HashVerdict::minority;
        facts.learners_differed = {};  // there is somebody else to blame
    }
}

// Hashes are comparable only for equal compact revisions (etcd facts 10). Where nobody was compared
// with anybody, what was in doubt stays in doubt.
void judge_hashes(Facts& facts, const ContentCompared& compared, Instant now) {
    Votes votes;
    std::uint32_t answered = 0;
    std::optional<Revision> compact;
    bool comparable = true;
    for (const auto& [ordinal, hash] : compared.hashes) {
        if (!hash.answered) continue;
        comparable = comparable && (!compact || *compact == hash.compact_revision);
        compact = hash.compact_revision;
        ++answered;
        ++votes[hash.hash];
    }
    comparable = comparable && answered > 1;
    if (!comparable && judged_bad(facts)) return;
    // Those who agree say nothing of one that differed and did not answer now.
    if (votes.size() == 1 && judged_bad(facts) && some_may_still_answer(facts, compared, now))
        return;
    std::vector<MemberId> told = told_of(facts, compared);
    facts.still_doubted = doubted_without(facts, told);
    facts.diverged.clear();
    facts.judged = HashJudgement{HashVerdict::none, comparable ? answered : 0, now};
    facts.compared.clear();
    if (!comparable) return;
    facts.compared = std::move(told);
    facts.judged.verdict = votes.size() == 1 ? HashVerdict::equal : HashVerdict::undecided;
    if (answered > 2) side_with_majority(facts, compared, votes);
}

bool same_voters(const std::optional<MemberList>& known, const MemberList& now) {
    return known && voters_of(*known) == voters_of(now);
}

// Among other voters content is compared anew: what was judged of those before says nothing. The
// list that is second to tell of them is no news: no set of voters ever comes back.
void note_voters(State& state, const std::optional<MemberList>& before, const MemberList& now) {
    const Facts& facts = state.facts;
    if (!before || same_voters(facts.list, now) || same_voters(facts.own_list, now)) return;
    forget_judgement(state.facts);
    state.facts.learners_differed = {};
    state.space.defragmented.clear();  // who joined has a database of its own
}

// What was answered while this agent stood still is no news any more, and as old as nobody knows
// (S12): another agent may have compared since.
bool was_slept_through(const Facts& facts, const Command& command) {
    return command.deadline - facts.settings.policy.command_deadline < facts.slept_at;
}

// Of the learner in hand and its leader, not of the voters.
bool of_a_learner(const State& state, const Command& command) {
    const auto* compare = std::get_if<CompareContent>(&command.body);
    if (compare == nullptr || state.repair.phase != RepairPhase::catching_up) return false;
    const auto& replicas = compare->replicas;
    return std::find(replicas.begin(), replicas.end(), state.repair.ordinal) != replicas.end();
}

void note_learner(LearnersDiffered& differed, HashVerdict verdict, MemberId id) {
    if (verdict == HashVerdict::equal) differed = {};
    if (verdict != HashVerdict::undecided || differed.last == id) return;
    differed.last = id;
    ++differed.count;
}

struct Bring {
    State& state;
    const Command& command;
    bool done;

    void operator()(const Nothing&) const {}
    void operator()(const DiskReport& report) const {
        if (done && !state.facts.etcd_running) state.facts.disk = report;
        // Asked for while quorum was lost; once somebody serves again it is not what it was (S7).
        if (done && state.facts.etcd_running && report.in_use && !somebody_serves(state.facts))
            state.facts.disk = report;
        vouch_for_record(state);
    }
    void operator()(const EtcdSpawned& spawned) const {
        state.facts.etcd_running = true;
        state.facts.etcd_pid = spawned.pid;
        state.facts.last_exit.reset();
    }
    void operator()(const AuthorityGranted& granted) const {
        state.authority.fence = granted.fence;
        state.facts.list_current = false;  // whoever had authority before may have changed it
    }
    void operator()(const MemberList& list) const {
        note_voters(state, state.facts.list, list);
        state.facts.list = list;
        state.facts.list_current = list.freshness == Freshness::linearizable;
    }
    // The answer went through raft: it is a list as good as any (etcd v3.4 MemberAdd).
    void operator()(const LearnerAdded& added) const {
        if (done) (*this)(added.list);
    }
    void operator()(const ContentCompared& compared) const {
        if (was_slept_through(state.facts, command)) return forget_what_was_equal();
        if (of_a_learner(state, command)) {
            state.facts.content = compared;
            state.facts.content_at = state.now;
            note_learner(state.facts.learners_differed, learner_compared(state),
                         state.repair.member_id);
        } else {
            judge_hashes(state.facts, compared, state.now);
        }
    }

  private:
    // Whether it said so or not, what was equal before may not be so any more; a doubt stays.
    void forget_what_was_equal() const {
        if (!of_a_learner(state, command) && !judged_bad(state.facts))
            forget_judgement(state.facts);
    }
};

void settle(State& state, const Command& command, bool done) {
    Facts& facts = state.facts;
    if (const auto* write = std::get_if<WriteRecord>(&command.body); write && done)
        fold_record(state, RecordSeen{write->record, ""});  // others may have written since
    if (const auto* stamp = std::get_if<StampVolume>(&command.body); stamp && done)
        facts.stamped = stamp->identity.nonce;
    if (const auto* rebuild = std::get_if<RebuildEtcd>(&command.body); rebuild && done)
        facts.rebuilt = rebuild->epoch;
    if (std::holds_alternative<SetAsideData>(command.body) ||
        std::holds_alternative<StampVolume>(command.body) ||
        std::holds_alternative<RebuildEtcd>(command.body))
        facts.disk.reset();
    if (changes_members(command.body)) facts.list_current = false;
    if (std::holds_alternative<ListMembers>(command.body)) {
        facts.list_at = state.now;
        facts.list_refused_at = done ? Instant{} : state.now;
    }
    if (std::holds_alternative<ExamineDisk>(command.body)) facts.examined_at = state.now;
    if (const auto* compact = std::get_if<Compact>(&command.body); compact && done)
        facts.compacted = std::max(facts.compacted, compact->at);
    if (const auto* defragment = std::get_if<Defragment>(&command.body); defragment && done)
        state.space.defragmented[defragment->replica] = state.now;
    if (std::holds_alternative<CompareContent>(command.body) && !of_a_learner(state, command) &&
        !was_slept_through(facts, command))
        facts.hashes_at = state.now;
}

std::string text_of(const std::variant<Done, Refused, Unknown>& outcome) {
    if (const auto* refused = std::get_if<Refused>(&outcome)) return refused->text;
    if (const auto* unknown = std::get_if<Unknown>(&outcome)) return unknown->text;
    return {};
}

// Somebody compacted further: what was wanted is so.
bool is_compacted_already(const Command& command, const CommandEnded& ended) {
    const auto* refused = std::get_if<Refused>(&ended.outcome);
    return std::holds_alternative<Compact>(command.body) && refused != nullptr &&
           refused->refusal == Refusal::compacted;
}

void fold_outcome(State& state, const CommandEnded& ended) {
    const Command* found = state.in_flight.find(ended.id);
    if (found == nullptr) return;  // of an earlier life, or given up before: nothing waits for it
    const Command command = *found;
    state.in_flight.erase(ended.id);
    const bool done = std::holds_alternative<Done>(ended.outcome);
    // Where nothing was done the voters are those that were compared.
    if (changes_voters(state.facts, command.body) &&
        !std::holds_alternative<Refused>(ended.outcome))
        forget_judgement(state.facts);
    settle(state, command, done || is_compacted_already(command, ended));
    if (std::holds_alternative<RebuildEtcd>(command.body))
        state.replica.reason = done ? "" : "the rebuild failed: " + text_of(ended.outcome);
    // What was learned is answered at once; only what is repeated waits.
    if (done && (std::holds_alternative<ExamineDisk>(command.body) ||
                 std::holds_alternative<SetAsideData>(command.body)))
        state.replica.retry_at = state.now;
    // A conflict means that somebody else got on: there is news to answer, nothing to wait for.
    if (const auto* refused = std::get_if<Refused>(&ended.outcome);
        refused != nullptr && refused->refusal == Refusal::conflict &&
        std::holds_alternative<WriteRecord>(command.body)) {
        state.replica.retry_at = state.now;
        state.volume.retry_at = state.now;
        state.cluster.retry_at = state.now;
        state.repair.retry_at = state.now;
    }
    std::visit(Bring{state, command, done}, ended.brought);
}

// An adapter owes an outcome by the deadline; after some grace the core stops waiting for it.
void give_up_overdue(State& state) {
    std::vector<CommandId> overdue;
    for (const auto& [id, command] : state.in_flight)
        if (state.now >= command.deadline + limits::outcome_grace) overdue.push_back(id);
    for (CommandId id : overdue)
        fold_outcome(state, CommandEnded{id, Unknown{"no outcome"}, {}});
}

// An agent that was stopped, or whose machine was, acts on nothing it knew before (S12).
void note_sleep(State& state, Instant now) {
    Facts& facts = state.facts;
    if (!overslept(state, now)) return;
    facts.slept_at = now;
    facts.list_current = false;
    keep_findings(facts, state.now, now);
}

// What was told is as old as it was: nobody was heard while this agent did not run.
void note_absence(State& state, const Event& event) {
    if (std::holds_alternative<AgentStarted>(event.observation))
        keep_findings(state.facts, state.now, event.at);
    else
        note_sleep(state, event.at);
}

struct Fold {
    State& state;

    void operator()(const AgentStarted& seen) const { begin_life(state, seen); }
    // A replica without an address can be neither told to the others nor added.
    void operator()(const DesiredSeen& seen) const {
        const auto known = static_cast<std::uint32_t>(state.facts.settings.addresses.size());
        state.facts.desired = seen.desired;
        state.facts.desired_unread = false;
        state.facts.desired->replicas = std::min(seen.desired.replicas, known);
    }
    void operator()(const RecordSeen& seen) const { fold_record(state, seen); }
    void operator()(const ReplicaProbed& seen) const { fold_probe(state, seen); }
    void operator()(const MembersSeen& seen) const {
        note_voters(state, state.facts.own_list, seen.list);
        state.facts.own_list = seen.list;
        state.facts.list_current = false;
    }
    void operator()(const EtcdExited& seen) const { fold_exit(state, seen); }
    void operator()(const AuthorityLost& seen) const {
        if (seen.fence == state.authority.fence) state.authority.fence = Fence{};
    }
    void operator()(const TimerFired&) const { state.wake_at.reset(); }
    void operator()(const StopRequested& seen) const {
        state.facts.stop_requested = true;
        state.facts.desired_unread = seen.desired_unread;
    }
    void operator()(const RecoveryApproved& seen) const { state.facts.approved_token = seen.token; }
    void operator()(const CommandEnded& seen) const { fold_outcome(state, seen); }
    void operator()(const PeerReported& seen) const { fold_report(state, seen); }
    void operator()(const UnknownObservation& seen) const {
        state.facts.unknown_event = "event type " + std::to_string(seen.tag);
    }
};

}  // namespace

void forget_unprobed(State& state) {
    std::vector<Ordinal> unprobed;
    for (const auto& [ordinal, probe] : state.facts.probes)
        if (std::find(state.probed.begin(), state.probed.end(), ordinal) == state.probed.end())
            unprobed.push_back(ordinal);
    for (const Ordinal ordinal : unprobed)
        state.facts.probes.erase(ordinal);
    note_service(state);
}

void fold(State& state, const Event& event) {
    note_absence(state, event);
    state.seq = event.seq;
    state.now = event.at;
    std::visit(Fold{state}, event.observation);
    give_up_overdue(state);
}

}  // namespace quorate
