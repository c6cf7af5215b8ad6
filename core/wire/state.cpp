#include "core/wire/state.hpp"

#include "core/wire/convert.hpp"

namespace quorate::wire {
namespace {

using wire::get;
using wire::put;

// What came with a later release is written only when it says something: older bytes stay as they
// are.
void put(const HashJudgement& from, pb::HashJudgement* to) {
    to->set_verdict(wire_value<pb::HashVerdict>(from.verdict));
    to->set_answered(from.answered);
    to->set_at_us(from.at.us);
}

void put(const Facts& from, pb::Facts* to) {
    put(from.settings, to->mutable_settings());
    to->set_started_at_us(from.started_at.us);
    to->set_entropy(from.entropy);
    to->set_fresh_lineage(from.fresh_lineage.value);
    if (from.desired) put(*from.desired, to->mutable_desired());
    to->set_record_known(from.record_known);
    if (from.record) put(*from.record, to->mutable_record());
    to->set_record_unreadable(from.record_unreadable);
    to->set_examined_at_us(from.examined_at.us);
    if (from.disk) put(*from.disk, to->mutable_disk());
    to->set_etcd_running(from.etcd_running);
    to->set_etcd_pid(from.etcd_pid);
    if (from.last_exit) put(*from.last_exit, to->mutable_last_exit());
    to->set_exits(from.exits);
    to->set_stamped(from.stamped.value);
    to->set_rebuilt(from.rebuilt.value);
    for (const auto& [ordinal, fact] : from.probes) {
        pb::ProbeFact* each = to->add_probes();
        each->set_ordinal(ordinal.value);
        put(fact.status, each->mutable_status());
        each->set_at_us(fact.at.us);
        each->set_quiet_since_us(fact.quiet_since.us);
        each->set_healthy_since_us(fact.healthy_since.us);
    }
    if (from.none_serves_since) to->set_none_serves_since_us(from.none_serves_since->us);
    if (from.list) put(*from.list, to->mutable_list());
    to->set_list_current(from.list_current);
    to->set_list_at_us(from.list_at.us);
    if (from.own_list) put(*from.own_list, to->mutable_own_list());
    if (from.content) put(*from.content, to->mutable_content());
    to->set_content_at_us(from.content_at.us);
    for (const auto& [member_id, why] : from.diverged) {
        pb::Diverged* each = to->add_diverged();
        each->set_member_id(member_id.value);
        each->set_why(why);
    }
    to->set_hashes_at_us(from.hashes_at.us);
    to->set_commit_seen_epoch(from.commit_seen.epoch.value);
    to->set_commit_seen_index(from.commit_seen.index.value);
    if (from.judged != HashJudgement{}) put(from.judged, to->mutable_judged());
    to->set_stop_requested(from.stop_requested);
    to->set_desired_unread(from.desired_unread);
    to->set_list_refused_at_us(from.list_refused_at.us);
    to->set_slept_at_us(from.slept_at.us);
    to->set_compacted(from.compacted.value);
    to->set_learner_differed_last(from.learners_differed.last.value);
    to->set_learners_differed(from.learners_differed.count);
    for (const auto& [ordinal, fact] : from.peers) {
        pb::PeerFact* each = to->add_peers();
        each->set_ordinal(ordinal.value);
        put(fact.report, each->mutable_report());
        each->set_at_us(fact.at.us);
        each->set_content_at_us(fact.content_at.us);
        each->set_content_compared_at_us(fact.content_compared_at.us);
    }
    to->set_peers_asked_at_us(from.peers_asked_at.us);
    to->set_rebuild_seen_at_us(from.rebuild_seen_at.us);
    if (from.record_before) put(*from.record_before, to->mutable_record_before());
    if (from.record_there) to->set_record_there(from.record_there->value);
    to->set_record_behind_at_us(from.record_behind_at.us);
    for (const MemberId id : from.compared)
        to->add_compared(id.value);
    for (const MemberId id : from.still_doubted)
        to->add_still_doubted(id.value);
    if (from.approved_token) to->set_approved_token(*from.approved_token);
    to->set_unknown_event(from.unknown_event);
}

bool get(const pb::ProbeFact& from, ProbeFact& to) {
    to.at = {from.at_us()};
    to.quiet_since = {from.quiet_since_us()};
    to.healthy_since = {from.healthy_since_us()};
    return get(from.status(), to.status);
}

bool get(const pb::PeerFact& from, PeerFact& to) {
    to.at = {from.at_us()};
    to.content_at = {from.content_at_us()};
    to.content_compared_at = {from.content_compared_at_us()};
    return get(from.report(), to.report);
}

bool get_maps(const pb::Facts& from, Facts& to) {
    for (const pb::ProbeFact& each : from.probes()) {
        const Ordinal ordinal{each.ordinal()};
        if (to.probes.contains(ordinal) || !get(each, to.probes[ordinal])) return false;
    }
    for (const pb::PeerFact& each : from.peers()) {
        const Ordinal ordinal{each.ordinal()};
        if (to.peers.contains(ordinal) || !get(each, to.peers[ordinal])) return false;
    }
    for (const pb::Diverged& each : from.diverged()) {
        const MemberId member_id{each.member_id()};
        if (to.diverged.contains(member_id)) return false;
        to.diverged[member_id] = each.why();
    }
    return true;
}

bool get_messages(const pb::Facts& from, Facts& to) {
    return get(from.settings(), to.settings) &&
           get_optional(from.has_desired(), from.desired(), to.desired) &&
           get_optional(from.has_record(), from.record(), to.record) &&
           get_optional(from.has_disk(), from.disk(), to.disk) &&
           get_optional(from.has_last_exit(), from.last_exit(), to.last_exit) &&
           get_optional(from.has_list(), from.list(), to.list) &&
           get_optional(from.has_own_list(), from.own_list(), to.own_list) &&
           get_optional(from.has_content(), from.content(), to.content) &&
           get_optional(from.has_record_before(), from.record_before(), to.record_before);
}

bool get_judged(const pb::Facts& from, HashJudgement& to) {
    if (!from.has_judged()) return true;
    to.answered = from.judged().answered();
    to.at = {from.judged().at_us()};
    return get_value<pb::HashVerdict>(from.judged().verdict(), to.verdict);
}

bool get(const pb::Facts& from, Facts& to) {
    to.started_at = {from.started_at_us()};
    to.entropy = from.entropy();
    to.fresh_lineage = {from.fresh_lineage()};
    to.record_known = from.record_known();
    to.record_unreadable = from.record_unreadable();
    to.examined_at = {from.examined_at_us()};
    to.etcd_running = from.etcd_running();
    to.etcd_pid = from.etcd_pid();
    to.exits = from.exits();
    to.stamped = {from.stamped()};
    to.rebuilt = {from.rebuilt()};
    if (from.has_none_serves_since_us())
        to.none_serves_since = Instant{from.none_serves_since_us()};
    to.list_current = from.list_current();
    to.list_at = {from.list_at_us()};
    to.content_at = {from.content_at_us()};
    to.hashes_at = {from.hashes_at_us()};
    to.commit_seen = {{from.commit_seen_epoch()}, {from.commit_seen_index()}};
    to.stop_requested = from.stop_requested();
    to.desired_unread = from.desired_unread();
    to.list_refused_at = {from.list_refused_at_us()};
    to.slept_at = {from.slept_at_us()};
    to.compacted = {from.compacted()};
    to.learners_differed = {{from.learner_differed_last()}, from.learners_differed()};
    to.peers_asked_at = {from.peers_asked_at_us()};
    to.rebuild_seen_at = {from.rebuild_seen_at_us()};
    if (from.has_record_there()) to.record_there = RecordRevision{from.record_there()};
    to.record_behind_at = {from.record_behind_at_us()};
    for (const std::uint64_t id : from.compared())
        to.compared.push_back({id});
    for (const std::uint64_t id : from.still_doubted())
        to.still_doubted.push_back({id});
    if (from.has_approved_token()) to.approved_token = from.approved_token();
    to.unknown_event = from.unknown_event();
    return get_messages(from, to) && get_maps(from, to) && get_judged(from, to.judged);
}

void put(const ReplicaState& from, pb::ReplicaState* to) {
    to->set_phase(wire_value<pb::ReplicaPhase>(from.phase));
    to->set_retry_at_us(from.retry_at.us);
    to->set_told_at_us(from.told_at.us);
    to->set_exits_seen(from.exits_seen);
    to->set_condemned(from.condemned);
    to->set_reason(from.reason);
    to->set_next_step(from.next_step);
}
bool get(const pb::ReplicaState& from, ReplicaState& to) {
    to.retry_at = {from.retry_at_us()};
    to.told_at = {from.told_at_us()};
    to.exits_seen = from.exits_seen();
    to.condemned = from.condemned();
    to.reason = from.reason();
    to.next_step = from.next_step();
    return get_value<pb::ReplicaPhase>(from.phase(), to.phase);
}

void put(const VolumeState& from, pb::VolumeState* to) {
    to->set_phase(wire_value<pb::VolumePhase>(from.phase));
    to->set_nonce(from.nonce.value);
    to->set_nonces(from.nonces);
    to->set_retry_at_us(from.retry_at.us);
}
bool get(const pb::VolumeState& from, VolumeState& to) {
    to.nonce = {from.nonce()};
    to.nonces = from.nonces();
    to.retry_at = {from.retry_at_us()};
    return get_value<pb::VolumePhase>(from.phase(), to.phase);
}

void put(const ProcessState& from, pb::ProcessState* to) {
    to->set_phase(wire_value<pb::ProcessPhase>(from.phase));
    to->set_failures(from.failures);
    to->set_retry_at_us(from.retry_at.us);
}
bool get(const pb::ProcessState& from, ProcessState& to) {
    to.failures = from.failures();
    to.retry_at = {from.retry_at_us()};
    return get_value<pb::ProcessPhase>(from.phase(), to.phase);
}

void put(const MemberState& from, pb::MemberState* to) {
    to->set_phase(wire_value<pb::MemberPhase>(from.phase));
    to->set_ordinal(from.ordinal.value);
    to->set_since_us(from.since.us);
}
bool get(const pb::MemberState& from, MemberState& to) {
    to.ordinal = {from.ordinal()};
    to.since = {from.since_us()};
    return get_value<pb::MemberPhase>(from.phase(), to.phase);
}

void put(const ClusterState& from, pb::ClusterState* to) {
    to->set_phase(wire_value<pb::ClusterPhase>(from.phase));
    to->set_since_us(from.since.us);
    to->set_reason(from.reason);
    to->set_next_step(from.next_step);
    to->set_retry_at_us(from.retry_at.us);
}
bool get(const pb::ClusterState& from, ClusterState& to) {
    to.since = {from.since_us()};
    to.retry_at = {from.retry_at_us()};
    to.reason = from.reason();
    to.next_step = from.next_step();
    return get_value<pb::ClusterPhase>(from.phase(), to.phase);
}

void put(const RepairState& from, pb::RepairState* to) {
    to->set_phase(wire_value<pb::RepairPhase>(from.phase));
    to->set_ordinal(from.ordinal.value);
    to->set_member_id(from.member_id.value);
    to->set_since_us(from.since.us);
    to->set_progress_us(from.progress.us);
    to->set_reached(from.reached.value);
    to->set_retry_at_us(from.retry_at.us);
    to->set_goal(from.goal.value);
    to->set_goal_index(from.goal_index.value);
}
bool get(const pb::RepairState& from, RepairState& to) {
    to.ordinal = {from.ordinal()};
    to.member_id = {from.member_id()};
    to.since = {from.since_us()};
    to.progress = {from.progress_us()};
    to.reached = {from.reached()};
    to.retry_at = {from.retry_at_us()};
    to.goal = {from.goal()};
    to.goal_index = {from.goal_index()};
    return get_value<pb::RepairPhase>(from.phase(), to.phase);
}

void put(const AuthorityState& from, pb::AuthorityState* to) {
    to->set_phase(wire_value<pb::AuthorityPhase>(from.phase));
    to->set_fence(from.fence.value);
    if (from.work_since) to->set_work_since_us(from.work_since->us);
    to->set_retry_at_us(from.retry_at.us);
}
bool get(const pb::AuthorityState& from, AuthorityState& to) {
    to.fence = {from.fence()};
    if (from.has_work_since_us()) to.work_since = Instant{from.work_since_us()};
    to.retry_at = {from.retry_at_us()};
    return get_value<pb::AuthorityPhase>(from.phase(), to.phase);
}

void put(const AlarmState& from, pb::AlarmState* to) {
    to->set_phase(wire_value<pb::AlarmPhase>(from.phase));
    to->set_since_us(from.since.us);
    to->set_retry_at_us(from.retry_at.us);
    to->set_reason(from.reason);
    to->set_next_step(from.next_step);
}
bool get(const pb::AlarmState& from, AlarmState& to) {
    to.since = {from.since_us()};
    to.retry_at = {from.retry_at_us()};
    to.reason = from.reason();
    to.next_step = from.next_step();
    return get_value<pb::AlarmPhase>(from.phase(), to.phase);
}

void put(const SpaceState& from, pb::SpaceState* to) {
    to->set_phase(wire_value<pb::SpacePhase>(from.phase));
    to->set_since_us(from.since.us);
    to->set_retry_at_us(from.retry_at.us);
    to->set_compacting_at(from.compacting_at.value);
    to->set_compactions(from.compactions);
    for (const auto& [ordinal, at] : from.defragmented) {
        pb::Defragmented* one = to->add_defragmented();
        one->set_ordinal(ordinal.value);
        one->set_at_us(at.us);
    }
    to->set_reason(from.reason);
    to->set_next_step(from.next_step);
}
bool get(const pb::SpaceState& from, SpaceState& to) {
    to.since = {from.since_us()};
    to.retry_at = {from.retry_at_us()};
    to.compacting_at = {from.compacting_at()};
    to.compactions = from.compactions();
    for (const pb::Defragmented& one : from.defragmented())
        to.defragmented[Ordinal{one.ordinal()}] = {one.at_us()};
    to.reason = from.reason();
    to.next_step = from.next_step();
    return get_value<pb::SpacePhase>(from.phase(), to.phase);
}

}  // namespace

void put(const State& from, pb::State* to) {
    to->set_seq(from.seq.value);
    to->set_now_us(from.now.us);
    put(from.facts, to->mutable_facts());
    put(from.replica, to->mutable_replica());
    put(from.volume, to->mutable_volume());
    put(from.process, to->mutable_process());
    for (const auto& [member_id, member] : from.members) {
        pb::MemberState* each = to->add_members();
        each->set_member_id(member_id.value);
        put(member, each);
    }
    put(from.cluster, to->mutable_cluster());
    put(from.repair, to->mutable_repair());
    put(from.authority, to->mutable_authority());
    to->set_last_command(from.last_command.value);
    for (const auto& [id, command] : from.in_flight) {
        pb::InFlight* each = to->add_in_flight();
        each->set_id(id.value);
        put(command, each->mutable_command());
    }
    put_ordinals(from.probed, to->mutable_probed());
    if (from.wake_at) to->set_wake_at_us(from.wake_at->us);
    to->set_exiting(from.exiting);
    if (from.alarm != AlarmState{}) put(from.alarm, to->mutable_alarm());
    if (from.space != SpaceState{}) put(from.space, to->mutable_space());
}

bool get(const pb::State& from, State& to) {
    to.seq = {from.seq()};
    to.now = {from.now_us()};
    to.last_command = {from.last_command()};
    if (from.has_wake_at_us()) to.wake_at = Instant{from.wake_at_us()};
    to.exiting = from.exiting();
    for (const pb::MemberState& each : from.members()) {
        const MemberId member_id{each.member_id()};
        if (to.members.contains(member_id) || !get(each, to.members[member_id])) return false;
    }
    for (const pb::InFlight& each : from.in_flight())
        if (!get_entry(CommandId{each.id()}, each.command(), to.in_flight)) return false;
    return get_ordinals(from.probed(), to.probed) && get(from.facts(), to.facts) &&
           get(from.replica(), to.replica) && get(from.volume(), to.volume) &&
           get(from.process(), to.process) && get(from.cluster(), to.cluster) &&
           get(from.repair(), to.repair) && get(from.authority(), to.authority) &&
           (!from.has_alarm() || get(from.alarm(), to.alarm)) &&
           (!from.has_space() || get(from.space(), to.space));
}

std::string encode(const State& state) { return encode_as<pb::State>(state); }
std::variant<State, WireError> decode_state(std::string_view bytes) {
    return decode_as<pb::State, State>(bytes, "state");
}

}  // namespace quorate::wire
