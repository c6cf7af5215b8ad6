#include "adapters/host/conditions_of.hpp"

#include <algorithm>

#include "adapters/host/unresolved.hpp"
#include "core/explain.hpp"
#include "core/facts/evidence.hpp"
#include "core/rules/readiness.hpp"

namespace quorate::host {
namespace {

using Status = Condition::Status;
using Latest = std::map<std::uint32_t, MemberStatus>;

MemberStatus answer_of(const Latest& latest, Ordinal ordinal) {
    const auto found = latest.find(ordinal.value);
    return found == latest.end() ? MemberStatus{} : found->second;
}

const char* reason_for(ReplicaPhase phase) {
    switch (phase) {
        case ReplicaPhase::examining:
            return "Examining";
        case ReplicaPhase::gathering:
            return "Gathering";
        case ReplicaPhase::claiming:
        case ReplicaPhase::serving:
            return "Starting";
        case ReplicaPhase::setting_aside:
            return "SettingDataAside";
        case ReplicaPhase::awaiting_admission:
            return "Joining";
        case ReplicaPhase::rebuilding:
            return "Rebuilding";
        case ReplicaPhase::idle:
            return "NotWanted";
        case ReplicaPhase::leaving:
            return "Leaving";
        case ReplicaPhase::parked:
            return "Parked";
    }
    return "?";
}

Condition no_member(std::string reason, std::string message) {
    return {"Member", Status::no, std::move(reason), std::move(message)};
}

std::string with_next_step(const std::string& reason, const std::string& next_step) {
    return next_step.empty() ? reason : reason + "; next step: " + next_step;
}

Condition member(const State& state, const ConditionExtras& extras) {
    const MemberStatus own = answer_of(extras.latest, state.facts.settings.self);
    if (is_ready(state, own)) return {"Member", Status::yes, "Voter", "serves as a voter"};
    const ReplicaState& replica = state.replica;
    if (replica.phase == ReplicaPhase::parked)
        return no_member("Parked", with_next_step(replica.reason, replica.next_step));
    if (replica.phase == ReplicaPhase::serving && state.facts.etcd_running) {
        if (own.serves) return no_member("InDoubt", "its content may differ from the others'");
        if (own.learner) return no_member("Learner", "a learner that catches up with the leader");
        if (own.answers)
            return no_member("NotServing", "etcd runs, and no linearizable read through it ends");
    }
    return no_member(reason_for(replica.phase), extras.last_step);
}

struct Voters {
    std::ptrdiff_t answer = 0;
    std::size_t all = 0;
};

Voters count(const MemberList& list, const Latest& latest) {
    const std::vector<MemberId> ids = voters_of(list);
    const auto is_voter = [&](const auto& one) {
        return one.second.answers &&
               std::find(ids.begin(), ids.end(), one.second.member_id) != ids.end();
    };
    return {std::count_if(latest.begin(), latest.end(), is_voter), ids.size()};
}

std::string text_of(const Voters& voters) {
    return std::to_string(voters.answer) + " of " + std::to_string(voters.all) +
           (voters.all == 1 ? " voter" : " voters") + (voters.answer == 1 ? " answers" : " answer");
}

Condition quorum(const State& state, const Latest& latest) {
    const Facts& facts = state.facts;
    const MemberList* list = newest_list(facts);
    const std::string voters = list == nullptr ? "" : text_of(count(*list, latest));
    // A read through one of them went through a quorum, whatever became of those that are quiet.
    const bool serves = std::any_of(latest.begin(), latest.end(),
                                    [](const auto& one) { return one.second.serves; });
    if (serves)
        return {"Quorum", Status::yes, "VotersServe", list == nullptr ? "a voter serves" : voters};
    if (!facts.record || facts.record->stage != RecordStage::formed)
        return {"Quorum", Status::unknown, "NotFormed", "there is no cluster yet"};
    const std::string step = unresolved_step(facts, latest);
    if (state.cluster.phase == ClusterPhase::parked)
        return {
            "Quorum", Status::no, "Parked",
            with_next_step(state.cluster.reason, step.empty() ? state.cluster.next_step : step)};
    if (state.cluster.phase == ClusterPhase::quorum_lost)
        return {"Quorum", Status::no, "QuorumLost",
                with_next_step(list == nullptr ? "no voter serves" : voters, step)};
    if (list == nullptr)
        return {"Quorum", Status::unknown, "NotHeard",
                with_next_step("no voter was heard by this agent yet", step)};
    return {"Quorum", Status::no, "NoVoterServes", with_next_step(voters, step)};
}

Condition control_plane_condition(const ControlPlaneReport& report) {
    if (report.running) return {"ControlPlane", Status::yes, "Running", "runs beside etcd"};
    if (report.pid != 0)
        return {"ControlPlane", Status::no, "Stopping", "is stopped before etcd is"};
    if (report.exits > 0) return {"ControlPlane", Status::no, "Exited", report.last_exit};
    return {"ControlPlane", Status::no, "AwaitsEtcd", "starts when etcd serves"};
}

}  // namespace

std::vector<Condition> conditions_of(const State& state, const ConditionExtras& extras) {
    std::vector<Condition> conditions{member(state, extras), quorum(state, extras.latest)};
    if (extras.control_plane) conditions.push_back(control_plane_condition(*extras.control_plane));
    return conditions;
}

std::string step_in(const Decision& decision) {
    std::string line;
    for (const RuleHit& hit : decision.hits)
        if (hit.machine == Machine::replica && hit.verdict == Verdict::taken && hit.from != hit.to)
            line = explain(hit);
    return line;
}

}  // namespace quorate::host
