// What the cluster machine reads: quorum lost, survivors told, orders to rebuild.
#include <gtest/gtest.h>

#include <variant>

#include "core/rules/intent.hpp"
#include "core/rules/record_edits.hpp"
#include "core/rules/signals.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using test::is;

TEST(ReadCluster, QuorumIsLostAfterTheLimitAndNotBefore) {
    State state = test::state();
    state.facts.none_serves_since = test::now;
    state.now = test::now + state.facts.settings.policy.quorum_lost_after + microseconds(-1);
    EXPECT_FALSE(quorum_is_lost(state));
    state.now = state.now + microseconds(1);
    EXPECT_TRUE(quorum_is_lost(state));
    EXPECT_TRUE(is<signal::quorum_gone>(read_cluster(state)));
}

TEST(ReadCluster, AClusterThatIsFormingOrPausedHasNotLostItsQuorum) {
    State state = test::state();
    state.facts.none_serves_since = test::now - hours(1);
    state.facts.record->stage = RecordStage::forming;
    EXPECT_FALSE(quorum_is_lost(state));
    state.facts.record->stage = RecordStage::formed;
    state.facts.desired->replicas = 0;
    EXPECT_FALSE(quorum_is_lost(state));
}

State three_founders_in_vain() {
    State state = test::state();
    state.facts.none_serves_since = test::now - hours(1);
    state.facts.record->stage = RecordStage::forming;
    state.facts.record->founders = {Ordinal{0}, Ordinal{1}, Ordinal{2}};
    return state;
}

TEST(ReadCluster, AFoundingThatLostItsQuorumToASmallerNumberIsAQuorumLost) {
    State state = three_founders_in_vain();
    state.facts.desired->replicas = 2;
    EXPECT_FALSE(quorum_is_lost(state)) << "two of three founders can form";
    state.facts.desired->replicas = 1;
    EXPECT_TRUE(quorum_is_lost(state));
}

TEST(ReadCluster, AFoundingWhoseVolumesAreGoneIsAQuorumLost) {
    State state = three_founders_in_vain();
    state.facts.record->replicas[Ordinal{1}].claim = VolumeClaim::wants_admission;
    EXPECT_FALSE(quorum_is_lost(state));
    state.facts.record->replicas[Ordinal{2}].claim = VolumeClaim::wants_admission;
    EXPECT_TRUE(quorum_is_lost(state));
}

State without_quorum() {
    State state = test::state();
    for (const std::uint32_t one : {0U, 1U, 2U})
        test::probe(state, one, {});
    state.facts.none_serves_since = test::now - hours(1);
    state.cluster.phase = ClusterPhase::quorum_lost;
    state.cluster.since = test::now - hours(1);
    state.facts.disk = test::disk();
    state.facts.disk->in_use = true;
    return state;
}

TEST(ReadCluster, ASurvivorTellsOfItselfBeforeAnythingElse) {
    State state = without_quorum();
    EXPECT_TRUE(is<signal::survivor_untold>(read_cluster(state)));
    state.facts.record->replicas[Ordinal{0}].surviving = state.facts.disk->last;
    EXPECT_TRUE(is<signal::survivors_waited>(read_cluster(state)));
}

TEST(ReadCluster, ASurvivorThatWasLostTakesItsWordBack) {
    State state = without_quorum();
    state.facts.record->replicas[Ordinal{0}].surviving = state.facts.disk->last;
    state.facts.disk = DiskReport{};
    EXPECT_TRUE(is<signal::survivor_untold>(read_cluster(state)));
    const ClusterRecord record = with_survivor(state.facts);
    EXPECT_EQ(std::nullopt, record.replicas.find(Ordinal{0})->surviving);
    EXPECT_EQ(state.facts.record->replicas.find(Ordinal{0})->high_water,
              record.replicas.find(Ordinal{0})->high_water);
}

TEST(ReadCluster, AnEmptyLogIsNoSurvivor) {
    State state = without_quorum();
    state.facts.disk->last = LogPosition{};
    EXPECT_TRUE(is<signal::survivors_waited>(read_cluster(state)));
}

// A store without a route refuses within milliseconds (S21).
TEST(ReadCluster, WhatTheRecordDidNotTakeIsWrittenAgainAtThePaceOfRetries) {
    State state = without_quorum();
    state.cluster.retry_at = state.now + seconds(1);
    EXPECT_EQ(std::nullopt, read_cluster(state));
    EXPECT_EQ(state.cluster.retry_at, next_wake(state));
    state.now = state.cluster.retry_at;
    EXPECT_TRUE(is<signal::survivor_untold>(read_cluster(state)));
}

TEST(ReadCluster, NothingIsRebuiltUnaskedFromAVolumeThatIsNotWhatItWas) {
    State state = without_quorum();
    state.facts.record = test::record(1);
    state.facts.desired->replicas = 1;
    state.facts.record->replicas[Ordinal{0}].surviving = state.facts.disk->last;
    EXPECT_TRUE(is<signal::approved>(read_cluster(state)));
    state.facts.disk = DiskReport{};
    EXPECT_FALSE(is<signal::approved>(read_cluster(state)));
}

TEST(ReadCluster, ARebuildNeedsTheTokenOfExactlyThisPlan) {
    State state = without_quorum();
    state.facts.record->replicas[Ordinal{0}].surviving = state.facts.disk->last;
    state.facts.approved_token = "of-another-plan";
    EXPECT_TRUE(is<signal::survivors_waited>(read_cluster(state)));
    state.facts.approved_token = recovery_plan(state)->token;
    const auto signal = read_cluster(state);
    ASSERT_TRUE(is<signal::approved>(signal));
    EXPECT_EQ(Ordinal{0}, std::get<signal::approved>(*signal).rebuild.survivor);
}

// Its agent will tell, or it serves in the next moment (S4).
TEST(ReadCluster, NothingIsRebuiltWhileAMemberThatReachedFurtherAnswers) {
    State state = without_quorum();
    const LogPosition told = state.facts.disk->last;
    state.facts.record->replicas[Ordinal{0}].surviving = told;
    state.facts.approved_token = recovery_plan(state)->token;
    MemberStatus silent = test::serving_status(2);
    silent.serves = false;
    silent.index = told.index;
    test::probe(state, 2, silent);
    EXPECT_TRUE(is<signal::approved>(read_cluster(state))) << "no further";
    ++silent.index.value;
    test::probe(state, 2, silent);
    const auto signal = read_cluster(state);
    ASSERT_TRUE(is<signal::survivors_waited>(signal));
    EXPECT_EQ("wait for its agent, or stop that replica",
              std::get<signal::survivors_waited>(*signal).next_step);
    silent.member_id = MemberId{99};
    test::probe(state, 2, silent);
    EXPECT_TRUE(is<signal::approved>(read_cluster(state))) << "another's";
}

TEST(ReadCluster, ASurvivorThatIsScaledAwayIsBroughtBackFirst) {
    State state = without_quorum();
    state.facts.record->replicas[Ordinal{0}].surviving = state.facts.disk->last;
    LogPosition further = state.facts.disk->last;
    ++further.index.value;
    state.facts.record->replicas[Ordinal{2}].surviving = further;
    state.facts.desired->replicas = 1;
    state.facts.approved_token = recovery_plan(state)->token;
    const auto signal = read_cluster(state);
    ASSERT_TRUE(is<signal::survivors_waited>(signal));
    EXPECT_EQ("bring it back first: quorate scale 3",
              std::get<signal::survivors_waited>(*signal).next_step);
}

// Its volume may be half way to the new epoch: nobody else takes its place.
TEST(ReadCluster, AnOrderWaitsForASurvivorThatIsScaledAway) {
    State state = without_quorum();
    state.facts.record->rebuild = Rebuild{Ordinal{2}, {}, {}, "token"};
    EXPECT_TRUE(is<signal::rebuild_ordered>(read_cluster(state)));
    state.cluster.phase = ClusterPhase::rebuilding;
    EXPECT_EQ(std::nullopt, read_cluster(state));
    state.facts.desired->replicas = 2;
    const auto notice = read_cluster(state);
    ASSERT_TRUE(is<signal::survivors_waited>(notice));
    EXPECT_EQ("bring it back: quorate scale 3",
              std::get<signal::survivors_waited>(*notice).next_step);
    state.cluster.phase = ClusterPhase::parked;
    state.cluster.reason = std::get<signal::survivors_waited>(*notice).why;
    EXPECT_EQ(std::nullopt, read_cluster(state)) << "said once";
    state.facts.desired->replicas = 3;
    EXPECT_TRUE(is<signal::rebuild_ordered>(read_cluster(state)));
    state.cluster.phase = ClusterPhase::rebuilding;
    state.facts.desired->replicas = 0;
    EXPECT_EQ(std::nullopt, read_cluster(state)) << "a pause scales nobody away";
}

TEST(ReadCluster, BetterSurvivorsHaveTheirTimeToReturn) {
    State state = without_quorum();
    state.facts.record->replicas[Ordinal{0}].surviving = state.facts.disk->last;
    state.facts.approved_token = recovery_plan(state)->token;
    state.cluster.since = test::now;
    EXPECT_EQ(std::nullopt, read_cluster(state));
}

}  // namespace
}  // namespace quorate
