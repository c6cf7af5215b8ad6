// What the repair machine reads: when a change goes on, waits, or is given up.
#include <gtest/gtest.h>

#include <variant>

#include "core/rules/signals.hpp"
#include "core/step.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using test::is;

State repairing(RepairPhase phase) {
    State state = test::state();
    state.cluster.phase = ClusterPhase::shrinking;
    state.facts.desired->replicas = 2;
    state.repair.phase = phase;
    state.repair.ordinal = Ordinal{2};
    state.repair.member_id = test::member_id(2);
    state.repair.progress = state.repair.since = test::now;
    return state;
}

TEST(ReadRepair, AsksForLeadershipToMoveBeforeTheLeaderGoes) {
    State state = repairing(RepairPhase::fencing);
    EXPECT_TRUE(is<signal::leads_not>(read_repair(state)));
    for (const std::uint32_t one : {0U, 1U, 2U})
        test::probe(state, one, test::serving_status(one, 2));
    const auto signal = read_repair(state);
    ASSERT_TRUE(is<signal::leads>(signal));
    EXPECT_EQ(test::member_id(0), std::get<signal::leads>(*signal).heir);
}

TEST(ReadRepair, ARemovalThatMayNoLongerBeIsGivenUpForTheOneThatMay) {
    State state = repairing(RepairPhase::fencing);
    for (const std::uint32_t one : {0U, 2U})
        test::probe(state, one, test::serving_status(one, 2));
    test::probe(state, 1, {});
    state.members[test::member_id(1)].phase = MemberPhase::failed;
    EXPECT_TRUE(is<signal::let_go>(read_repair(state)));
    state.repair.phase = RepairPhase::removing;
    EXPECT_TRUE(is<signal::let_go>(read_repair(state)));
}

TEST(ReadRepair, ATargetThatWasElectedMeanwhileHandsOverFirst) {
    State state = repairing(RepairPhase::removing);
    EXPECT_TRUE(is<signal::listed_voter>(read_repair(state)));
    for (const std::uint32_t one : {0U, 1U, 2U})
        test::probe(state, one, test::serving_status(one, 2));
    EXPECT_TRUE(is<signal::let_go>(read_repair(state))) << "it begins again, with the hand-over";
}

TEST(ReadRepair, AListOfANewerTermWaitsForWordOfWhoLeads) {
    for (const RepairPhase phase : {RepairPhase::fencing, RepairPhase::removing}) {
        State state = repairing(phase);
        state.facts.list->term = Term{3};
        EXPECT_TRUE(read_repair(state)) << "all were heard in that term";
        state.facts.list->term = Term{4};
        EXPECT_EQ(std::nullopt, read_repair(state));
        for (const std::uint32_t one : {0U, 1U, 2U}) {
            MemberStatus status = test::serving_status(one, 2);
            status.term = Term{4};
            test::probe(state, one, status);
        }
        EXPECT_FALSE(is<signal::leads_not>(read_repair(state)) ||
                     is<signal::listed_voter>(read_repair(state)))
            << "the target was elected meanwhile";
    }
}

TEST(ReadRepair, WordOfWhoLeadsIsNotAwaitedForEver) {
    State state = repairing(RepairPhase::fencing);
    state.facts.list->term = Term{4};
    state.now = test::now + state.facts.settings.policy.probe_period * 2;
    EXPECT_TRUE(is<signal::leads_not>(read_repair(state))) << "the same leader, elected again";
}

TEST(ReadRepair, AnAdditionThatIsNoLongerPlannedIsGivenUp) {
    State state = repairing(RepairPhase::adding);
    state.repair.member_id = MemberId{};
    state.repair.ordinal = Ordinal{3};
    EXPECT_TRUE(is<signal::let_go>(read_repair(state)));
}

TEST(ReadRepair, WaitsWhileACommandIsUnderWay) {
    State state = repairing(RepairPhase::removing);
    EXPECT_TRUE(is<signal::listed_voter>(read_repair(state)));
    state.in_flight[CommandId{1}] = {CommandId{1}, test::now,
                                     RemoveMember{Ordinal{0}, test::member_id(2), Fence{6}}};
    EXPECT_EQ(std::nullopt, read_repair(state));
}

TEST(ReadRepair, WaitsForALinearizableList) {
    State state = repairing(RepairPhase::removing);
    state.facts.list_current = false;
    EXPECT_EQ(std::nullopt, read_repair(state));
}

State catching_up() {
    State state = repairing(RepairPhase::catching_up);
    state.facts.desired->replicas = 3;
    state.facts.list->members[2].learner = true;
    test::probe(state, 2, test::learner_status(2));
    ContentCompared compared{Revision{490}, {}};
    for (const std::uint32_t one : {0U, 2U})
        compared.hashes[Ordinal{one}] = {test::member_id(one), true, Revision{490}, Revision{-1},
                                         42};
    state.facts.content = compared;
    state.facts.content_at = test::now;
    state.repair.goal = Revision{490};
    return state;
}

TEST(ReadRepair, ALearnerIsCaughtUpWhenItsContentEqualsTheLeaders) {
    EXPECT_TRUE(is<signal::content_equal>(read_repair(catching_up())));
    State other_content = catching_up();
    other_content.facts.content->hashes[Ordinal{2}].hash = 43;
    EXPECT_TRUE(is<signal::content_differs>(read_repair(other_content)));
    State other_compaction = catching_up();
    other_compaction.facts.content->hashes[Ordinal{2}].compact_revision = Revision{5};
    EXPECT_TRUE(is<signal::content_behind>(read_repair(other_compaction)));
    State alone = catching_up();
    alone.facts.content->hashes.erase(Ordinal{0});
    EXPECT_TRUE(is<signal::content_behind>(read_repair(alone)));
    State stale = catching_up();
    stale.facts.content_at = test::now - seconds(1);
    EXPECT_TRUE(is<signal::content_behind>(read_repair(stale))) << "from before this repair";
    State unanswered = catching_up();
    unanswered.facts.content->hashes[Ordinal{0}].answered = false;
    EXPECT_TRUE(is<signal::content_behind>(read_repair(unanswered)));
}

TEST(ReadRepair, EqualAtAnOldRevisionIsNotEqual) {
    State young = catching_up();
    young.repair.goal = Revision{491};
    EXPECT_TRUE(is<signal::content_behind>(read_repair(young))) << "it has not got there yet";
    State never_seen = catching_up();
    never_seen.repair.goal = Revision{};
    EXPECT_TRUE(is<signal::content_behind>(read_repair(never_seen)));
    State waited = catching_up();
    waited.now = test::now + waited.facts.settings.policy.probe_period + microseconds(1);
    EXPECT_TRUE(is<signal::content_behind>(read_repair(waited))) << "asked again";
}

// What joins a log that does not say what its leader serves (etcd-measured.md 4).
TEST(ReadRepair, ALearnerThatAppliedEverythingAndIsStillBehindDiffers) {
    State empty = catching_up();
    empty.repair.goal = Revision{1073};
    empty.repair.goal_index = LogIndex{500};
    MemberStatus status = test::learner_status(2);
    status.applied = LogIndex{500};
    test::probe(empty, 2, status);
    empty.facts.probes[Ordinal{2}].at = test::now - milliseconds(1);
    EXPECT_TRUE(is<signal::content_differs>(read_repair(empty)));
    empty.facts.probes[Ordinal{2}].status.applied = LogIndex{499};
    EXPECT_TRUE(is<signal::content_behind>(read_repair(empty)));
}

TEST(ReadRepair, OneThatWasPromotedMeanwhileIsNotGivenUpAsAStuckLearner) {
    State state = catching_up();
    state.facts.list->members[2].learner = false;
    state.repair.progress = test::now - hours(1);
    EXPECT_TRUE(is<signal::listed_voter>(read_repair(state)));
}

TEST(ReadRepair, ALearnerWithoutProgressIsStuckAtTheLimit) {
    State state = catching_up();
    const Span limit = state.facts.settings.policy.learner_stuck_after;
    state.repair.progress = test::now - limit;
    EXPECT_TRUE(is<signal::stuck>(read_repair(state)));
    state.repair.progress = test::now - limit + microseconds(1);
    EXPECT_FALSE(is<signal::stuck>(read_repair(state)));
}

TEST(ReadRepair, ALearnerThatIsNoLongerDesiredGivesUpTheSlotAtOnce) {
    State state = catching_up();
    state.facts.desired->replicas = 2;
    EXPECT_TRUE(is<signal::stuck>(read_repair(state)));
    state.facts.desired->replicas = 0;
    EXPECT_FALSE(is<signal::stuck>(read_repair(state))) << "paused: nothing is removed";
}

// The joiner does not start beside it (S5), and it is not removed beside the learner (S2).
TEST(ReadRepair, ALearnerThatCannotStartMakesWayForTheRemovalOfALostVoter) {
    State state = catching_up();
    test::probe(state, 2, {});
    state.members[test::member_id(1)].phase = MemberPhase::failed;
    state.members[test::member_id(2)].phase = MemberPhase::learning;
    EXPECT_FALSE(is<signal::stuck>(read_repair(state)));
    state.members[test::member_id(2)].phase = MemberPhase::joining;
    EXPECT_TRUE(is<signal::stuck>(read_repair(state)));
}

// A record that is deleted takes the ground from under every change; nothing may fall.
TEST(RecordDeleted, IsSurvivedInEveryPhase) {
    for (std::uint8_t phase = 0; phase <= static_cast<std::uint8_t>(ReplicaPhase::parked);
         ++phase) {
        State state = test::state();
        state.replica.phase = static_cast<ReplicaPhase>(phase);
        state.volume.phase = VolumePhase::stamping;
        step(state, Event{EventSeq{11}, test::now + seconds(1), RecordSeen{}});
    }
    for (std::uint8_t phase = 0; phase <= static_cast<std::uint8_t>(RepairPhase::verifying);
         ++phase) {
        const State state = repairing(static_cast<RepairPhase>(phase));
        const Step next = step(state, Event{EventSeq{11}, test::now + seconds(1), RecordSeen{}});
        for (const Command& command : next.decision.commands)
            EXPECT_FALSE(std::holds_alternative<RemoveMember>(command.body));
    }
}

}  // namespace
}  // namespace quorate
