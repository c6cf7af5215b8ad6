#include "adapters/host/status.hpp"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/host/unresolved.hpp"
#include "core/explain.hpp"
#include "core/facts/evidence.hpp"
#include "core/facts/strength.hpp"
#include "core/rules/etcd_versions.hpp"
#include "core/rules/readiness.hpp"
#include "core/rules/record_edits.hpp"

namespace quorate::host {
namespace {

using Json = nlohmann::json;

std::string kebab(std::string text) {
    std::replace(text.begin(), text.end(), '_', '-');
    return text;
}

std::string phase_word(Machine machine, auto phase) {
    return kebab(phase_name(machine, static_cast<std::uint8_t>(phase)));
}

const char* name_of(RecordStage stage) {
    switch (stage) {
        case RecordStage::gathering:
            return "gathering";
        case RecordStage::forming:
            return "forming";
        case RecordStage::formed:
            return "formed";
    }
    return "?";
}

// Its own etcd's list is followed all the time, the linearizable one only while there is work.
const MemberList* list_of(const Facts& facts) {
    if (serves(facts, facts.settings.self) && facts.own_list) return &*facts.own_list;
    if (facts.list) return &*facts.list;
    return facts.own_list ? &*facts.own_list : nullptr;
}

const ListedMember* listed(const Facts& facts, Ordinal ordinal) {
    const MemberList* list = list_of(facts);
    if (list == nullptr) return nullptr;
    for (const ListedMember& member : list->members)
        if (ordinal_of(facts, member) == ordinal) return &member;
    return nullptr;
}

// A leader is one that members of the highest term name.
MemberId leader_id(const std::map<std::uint32_t, MemberStatus>& latest) {
    MemberId leader;
    Term term;
    for (const auto& [ordinal, status] : latest) {
        if (!status.answers || status.leader.value == 0 || status.term < term) continue;
        term = status.term;
        leader = status.leader;
    }
    return leader;
}

// The newest answer there is: the prober's, else the one the core was told.
MemberStatus answer_of(const State& state, const StatusExtras& extras, Ordinal ordinal) {
    if (const auto found = extras.latest.find(ordinal.value); found != extras.latest.end())
        return found->second;
    const ProbeFact* probe = state.facts.probes.find(ordinal);
    return probe == nullptr ? MemberStatus() : probe->status;
}

std::string member_phase(const State& state, MemberId id) {
    const MemberState* member = state.members.find(id);
    return member == nullptr ? "unknown" : phase_word(Machine::member, member->phase);
}

// Who does not answer just now is still who the record says.
MemberId id_of(const Facts& facts, const MemberStatus& answer, Ordinal ordinal) {
    if (answer.member_id.value != 0 || !facts.record) return answer.member_id;
    const ReplicaEntry* recorded = facts.record->replicas.find(ordinal);
    return recorded == nullptr ? MemberId{} : recorded->member_id;
}

Json member_json(const State& state, const StatusExtras& extras, Ordinal ordinal) {
    const Facts& facts = state.facts;
    const ReplicaAddress& address = facts.settings.addresses.at(ordinal.value);
    const MemberStatus answer = answer_of(state, extras, ordinal);
    const ListedMember* entry = listed(facts, ordinal);
    const MemberId id = entry != nullptr ? entry->id : id_of(facts, answer, ordinal);
    const bool member = entry != nullptr || answer.answers;
    const bool learner = answer.answers ? answer.learner : entry != nullptr && entry->learner;
    return {{"ordinal", ordinal.value},
            {"name", address.name},
            {"member_id", id.value == 0 ? "" : hex(id)},
            {"role", !member   ? "none"
                     : learner ? "learner"
                               : "voter"},
            {"leader", id.value != 0 && answer.answers && leader_id(extras.latest) == id},
            {"phase", member_phase(state, id)},
            {"ready", answer.serves},
            {"resolves", !answer.unresolved},
            {"client_url", address.client_url},
            {"peer_url", address.peer_url},
            {"agent_pid", nullptr},
            {"etcd_pid", nullptr},
            {"revision", answer.revision.value},
            {"raft_term", answer.term.value},
            {"raft_index", answer.index.value},
            {"db_size_bytes", answer.db_size.value},
            {"etcd_version", answer.answers ? to_text(answer.version) : ""}};
}

Json parked_by(const auto& machine, const Json& replica) {
    return {{"reason", machine.reason}, {"next_step", machine.next_step}, {"replica", replica}};
}

Json parked_without_quorum(const State& state, const StatusExtras& extras) {
    Json parked = parked_by(state.cluster, nullptr);
    if (const std::string step = unresolved_step(state.facts, extras.latest); !step.empty())
        parked["next_step"] = step;
    return parked;
}

Json parked_json(const State& state, const StatusExtras& extras) {
    const Json self = state.facts.settings.self.value;
    if (state.alarm.phase == AlarmPhase::parked) return parked_by(state.alarm, nullptr);
    if (state.space.phase == SpacePhase::parked) return parked_by(state.space, nullptr);
    if (state.replica.phase == ReplicaPhase::parked) return parked_by(state.replica, self);
    // A lost quorum comes last: a replica that may start again may bring it back.
    if (state.cluster.phase == ClusterPhase::parked) return parked_without_quorum(state, extras);
    if (state.replica.phase == ReplicaPhase::rebuilding && !state.replica.reason.empty())
        return {{"reason", state.replica.reason},
                {"next_step", "remove the cause; the rebuild is tried again by itself"},
                {"replica", self}};
    // Members serve on; nothing is decided about them.
    if (!state.facts.record_unreadable.empty())
        return {{"reason", "the cluster record cannot be read: " + state.facts.record_unreadable},
                {"next_step", unreadable_record_step},
                {"replica", nullptr}};
    if (!state.facts.unknown_event.empty())
        return {{"reason", "the journal or an adapter knows more than this release: " +
                               state.facts.unknown_event},
                {"next_step", "run the release that wrote it, or report this with the journal"},
                {"replica", self}};
    return nullptr;
}

// What rules that destroy may rest on just now (S12).
Json evidence_json(const State& state) {
    Json json = Json::object();
    for (const Subject subject :
         {Subject::members, Subject::content, Subject::volume, Subject::record}) {
        const Evidence evidence = evidence_of(state, subject);
        const bool known = evidence.strength != Strength::unknown;
        json[name_of(subject)] = {
            {"strength", name_of(evidence.strength)},
            {"age_ms", known ? Json((state.now - evidence.at).us / 1000) : Json()}};
    }
    return json;
}

Json control_plane_json(const std::optional<ControlPlaneReport>& report) {
    if (!report) return nullptr;
    return {{"running", report->running},
            {"pid", report->pid == 0 ? Json() : Json(report->pid)},
            {"exits", report->exits},
            {"last_exit", report->last_exit}};
}

Json self_json(const State& state, const StatusExtras& extras) {
    const Ordinal self = state.facts.settings.self;
    const MemberStatus newest = answer_of(state, extras, self);
    Json json = member_json(state, extras, self);
    json["ready"] = is_ready(state, newest);
    json["phase"] = phase_word(Machine::replica, state.replica.phase);
    json["awaits_peers"] = awaits_peers(state, newest);
    json["agent_pid"] = ::getpid();
    json["evidence"] = evidence_json(state);
    json["control_plane"] = control_plane_json(extras.control_plane);
    if (extras.etcd_pid != 0) json["etcd_pid"] = extras.etcd_pid;
    if (json["etcd_version"] == "")
        json["etcd_version"] = to_text(state.facts.settings.etcd_version);
    return json;
}

std::string cluster_phase(const State& state, const StatusExtras& extras) {
    const Facts& facts = state.facts;
    if (!parked_json(state, extras).is_null()) return "parked";
    if (facts.desired && facts.desired->replicas == 0) return "paused";
    if (!facts.record || facts.record->stage != RecordStage::formed) return "forming";
    if (facts.record->rebuild) return "rebuilding";
    if (state.space.phase != SpacePhase::enough) return "repairing";
    return phase_word(Machine::cluster, state.cluster.phase);
}

Json decision_json(const std::optional<api::Explained>& decision) {
    if (!decision) return nullptr;
    return {{"event", decision->seq.value},
            {"at_us", decision->at.us},
            {"rules", decision->rules},
            {"reason", decision->reason}};
}

Json view_json(const State& state, const StatusExtras& extras) {
    const Facts& facts = state.facts;
    Json view = {{"event", state.seq.value},
                 {"lineage", facts.record ? Json(facts.record->lineage.value) : Json()},
                 {"epoch", facts.record ? Json(facts.record->epoch.value) : Json()},
                 {"stage", facts.record ? Json(name_of(facts.record->stage)) : Json()},
                 {"record_revision", facts.record ? facts.record->revision.value : 0},
                 {"desired", facts.desired ? Json(facts.desired->replicas) : Json()},
                 {"authority", extras.authority ? Json(extras.authority->value) : Json()},
                 {"cluster_phase", cluster_phase(state, extras)},
                 {"quorum_lost", state.cluster.phase == ClusterPhase::quorum_lost ||
                                     state.cluster.phase == ClusterPhase::parked},
                 {"repair", phase_word(Machine::repair, state.repair.phase)},
                 {"parked", parked_json(state, extras)},
                 {"last_decision", decision_json(extras.last_decision)},
                 {"voters", 0},
                 {"learners", 0},
                 {"members", Json::array()}};
    if (const MemberList* list = list_of(facts)) {
        const auto learners =
            std::count_if(list->members.begin(), list->members.end(),
                          [](const ListedMember& member) { return member.learner; });
        view["learners"] = learners;
        view["voters"] = static_cast<std::ptrdiff_t>(list->members.size()) - learners;
    }
    for (const Ordinal ordinal : ordinals_of_interest(facts))
        view["members"].push_back(member_json(state, extras, ordinal));
    return view;
}

}  // namespace

std::string status_json(const State& state, const StatusExtras& extras) {
    // Before the first event the agent knows nothing, not even its addresses.
    if (state.facts.settings.addresses.empty()) return "{}";
    const Json json{{"self", self_json(state, extras)}, {"view", view_json(state, extras)}};
    // Reasons quote other programs: what is not UTF-8 must not throw.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace quorate::host
