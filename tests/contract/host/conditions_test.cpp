// What an agent's state is for people who look at its pod.
#include <gtest/gtest.h>

#include "adapters/host/conditions_of.hpp"

namespace quorate::host {
namespace {

using Status = Condition::Status;
constexpr Ordinal self{1};

MemberId id_of(std::uint32_t ordinal) { return MemberId{0x10 + ordinal}; }

// Three voters, as replica 1 sees them; all answer and serve.
struct Seen {
    State state;
    ConditionExtras extras;

    Seen() {
        state.facts.settings.self = self;
        state.facts.record = ClusterRecord{};
        state.facts.record->stage = RecordStage::formed;
        state.facts.etcd_running = true;
        state.replica.phase = ReplicaPhase::serving;
        state.facts.own_list = MemberList{};
        for (std::uint32_t ordinal = 0; ordinal < 3; ++ordinal) {
            state.facts.own_list->members.push_back({id_of(ordinal), "", {}, false});
            MemberStatus& status = extras.latest[ordinal];
            status.answers = status.serves = true;
            status.member_id = id_of(ordinal);
        }
    }
    void silent(std::uint32_t ordinal) { extras.latest[ordinal] = MemberStatus{}; }
    void nobody_serves() {
        for (auto& [ordinal, status] : extras.latest)
            status.serves = false;
    }
    // Of this type; fails when there is not exactly one.
    Condition operator[](const std::string& type) const {
        std::vector<Condition> found;
        for (const Condition& one : conditions_of(state, extras))
            if (one.type == type) found.push_back(one);
        EXPECT_EQ(found.size(), 1U) << type;
        return found.empty() ? Condition{} : found.front();
    }
};

Condition member(Status status, const char* reason, const char* message) {
    return {"Member", status, reason, message};
}
Condition quorum(Status status, const char* reason, const char* message) {
    return {"Quorum", status, reason, message};
}
Condition control_plane(Status status, const char* reason, const char* message) {
    return {"ControlPlane", status, reason, message};
}

TEST(Conditions, OneThatServesIsAMember) {
    EXPECT_EQ(Seen()["Member"], member(Status::yes, "Voter", "serves as a voter"));
}

TEST(Conditions, ALearnerIsNoMemberYet) {
    Seen seen;
    seen.extras.latest[1].serves = false;
    seen.extras.latest[1].learner = true;
    EXPECT_EQ(seen["Member"],
              member(Status::no, "Learner", "a learner that catches up with the leader"));
}

// As /readyz has it.
TEST(Conditions, OneWhoseContentIsInDoubtIsNoMember) {
    Seen seen;
    seen.state.facts.diverged[id_of(1)] = "";
    EXPECT_EQ(seen["Member"].status, Status::no);
    EXPECT_EQ(seen["Member"].reason, "InDoubt");
}

TEST(Conditions, OneThatIsParkedSaysWhyAndTheNextStep) {
    Seen seen;
    seen.state.facts.etcd_running = false;
    seen.state.replica.phase = ReplicaPhase::parked;
    seen.state.replica.reason = "a foreign volume";
    seen.state.replica.next_step = "give it its own";
    EXPECT_EQ(seen["Member"],
              member(Status::no, "Parked", "a foreign volume; next step: give it its own"));
}

TEST(Conditions, AQuorumThatIsNotFoundWithoutDnsIsNotToBeGivenUp) {
    Seen seen;
    seen.state.facts.settings.addresses = {{"q-0", "", ""}, {"q-1", "", ""}, {"q-2", "", ""}};
    seen.nobody_serves();
    for (const std::uint32_t other : {0U, 2U}) {
        seen.silent(other);
        seen.extras.latest[other].unresolved = true;
    }
    EXPECT_EQ(
        seen["Quorum"].message,
        "1 of 3 voters answers; next step: mend DNS first: replica 1 cannot look up q-0, q-2");
    seen.state.cluster.phase = ClusterPhase::parked;
    seen.state.cluster.reason = "quorum is lost";
    seen.state.cluster.next_step = "run: quorate recover plan";
    EXPECT_EQ(seen["Quorum"].message,
              "quorum is lost; next step: mend DNS first: replica 1 cannot look up q-0, q-2");
}

TEST(Conditions, OneOnItsWaySaysItsLastStepAsExplainDoes) {
    Seen seen;
    seen.silent(1);
    seen.state.facts.etcd_running = false;
    seen.state.replica.phase = ReplicaPhase::awaiting_admission;
    RuleHit hit;
    hit.rule = RuleId::R14;
    hit.from = std::uint8_t(ReplicaPhase::examining);
    hit.to = std::uint8_t(ReplicaPhase::awaiting_admission);
    hit.detail = "empty-volume";
    seen.extras.last_step = step_in({{hit}, {}});
    const Condition told = seen["Member"];
    EXPECT_EQ(told.status, Status::no);
    EXPECT_EQ(told.reason, "Joining");
    EXPECT_NE(told.message.find("empty-volume (R14 examining -> awaiting_admission)"),
              std::string::npos)
        << told.message;
}

TEST(Conditions, ALookOrARefusedStepIsNone) {
    RuleHit hit;
    hit.from = hit.to = std::uint8_t(ReplicaPhase::serving);
    EXPECT_EQ(step_in({{hit}, {}}), "");
    hit.to = std::uint8_t(ReplicaPhase::parked);
    hit.verdict = Verdict::refused;
    EXPECT_EQ(step_in({{hit}, {}}), "");
}

TEST(Conditions, AQuorumIsThereWhileAVoterServes) {
    Seen seen;
    EXPECT_EQ(seen["Quorum"], quorum(Status::yes, "VotersServe", "3 of 3 voters answer"));
    seen.silent(0);
    EXPECT_EQ(seen["Quorum"], quorum(Status::yes, "VotersServe", "2 of 3 voters answer"));
}

TEST(Conditions, ALearnerIsNoVoterThatAnswers) {
    Seen seen;
    seen.state.facts.own_list->members[2].learner = true;
    EXPECT_EQ(seen["Quorum"].message, "2 of 2 voters answer");
}

TEST(Conditions, WhereNobodyServesThereIsNoQuorum) {
    Seen seen;
    seen.nobody_serves();
    seen.silent(0);
    seen.silent(2);
    EXPECT_EQ(seen["Quorum"], quorum(Status::no, "NoVoterServes", "1 of 3 voters answers"));
    seen.state.cluster.phase = ClusterPhase::quorum_lost;
    EXPECT_EQ(seen["Quorum"], quorum(Status::no, "QuorumLost", "1 of 3 voters answers"));
    seen.state.cluster.phase = ClusterPhase::parked;
    seen.state.cluster.reason = "quorum is lost";
    seen.state.cluster.next_step = "recover plan";
    EXPECT_EQ(seen["Quorum"],
              quorum(Status::no, "Parked", "quorum is lost; next step: recover plan"));
}

TEST(Conditions, BeforeThereIsAClusterItsQuorumIsUnknown) {
    Seen seen;
    seen.nobody_serves();
    seen.state.facts.record->stage = RecordStage::gathering;
    EXPECT_EQ(seen["Quorum"], quorum(Status::unknown, "NotFormed", "there is no cluster yet"));
    seen.state.facts.record->stage = RecordStage::formed;
    seen.state.facts.own_list.reset();
    EXPECT_EQ(seen["Quorum"].status, Status::unknown);
}

TEST(Conditions, AControlPlaneHasOneWhereItIsWanted) {
    Seen seen;
    EXPECT_EQ(conditions_of(seen.state, seen.extras).size(), 2U);
    ControlPlaneReport report;
    seen.extras.control_plane = report;
    EXPECT_EQ(seen["ControlPlane"],
              control_plane(Status::no, "AwaitsEtcd", "starts when etcd serves"));
    seen.extras.control_plane = {true, 7, 0, ""};
    EXPECT_EQ(seen["ControlPlane"], control_plane(Status::yes, "Running", "runs beside etcd"));
    seen.extras.control_plane = {false, 7, 0, ""};
    EXPECT_EQ(seen["ControlPlane"],
              control_plane(Status::no, "Stopping", "is stopped before etcd is"));
    seen.extras.control_plane = {false, 0, 2, "ended by itself, signal 9"};
    EXPECT_EQ(seen["ControlPlane"],
              control_plane(Status::no, "Exited", "ended by itself, signal 9"));
}

}  // namespace
}  // namespace quorate::host
