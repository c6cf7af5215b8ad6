// What is read from a state as true now: timing, freshness and who should act. The tables say what
// follows from it.
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "core/machines/authority.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/record_edits.hpp"
#include "core/rules/signals.hpp"
#include "core/step.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using test::is;

// Authority.

State idle_with_work(std::uint32_t self) {
    State state = test::state(self);
    state.authority = AuthorityState{};
    state.authority.work_since = test::now - seconds(60);
    return state;
}

TEST(ReadAuthority, TheAgentBesideTheLeaderGoesFirst) {
    State beside = idle_with_work(0);
    State other = idle_with_work(1);
    beside.authority.work_since = other.authority.work_since = test::now;
    EXPECT_TRUE(is<signal::work_for_us>(read_authority(beside)));
    EXPECT_EQ(std::nullopt, read_authority(other));
    other.now = test::now + other.facts.settings.policy.authority_stagger * 2;
    EXPECT_TRUE(is<signal::work_for_us>(read_authority(other)));
}

TEST(ReadAuthority, OneThatDoesNotServeItselfLeavesItToOthers) {
    State state = idle_with_work(1);
    test::probe(state, 1, {});
    EXPECT_EQ(std::nullopt, read_authority(state));
}

TEST(ReadAuthority, OneThatStopsOrDepartsLeavesItToOthers) {
    State stopping = idle_with_work(1);
    stopping.facts.stop_requested = true;
    EXPECT_EQ(std::nullopt, read_authority(stopping));
    State departing = idle_with_work(2);
    departing.facts.desired->replicas = 2;
    EXPECT_EQ(std::nullopt, read_authority(departing));
}

TEST(ReadAuthority, OneThatDepartsActsWhileNobodyThatStaysServes) {
    State state = idle_with_work(2);
    state.facts.desired->replicas = 1;
    state.facts.stop_requested = true;
    test::probe(state, 0, {});
    EXPECT_TRUE(is<signal::work_for_us>(read_authority(state)))
        << "or the only voter would go with its pod before replica 0 is let in";
}

// S21: work that waits for somebody else stays visible, and must not be a loop of taking and
// giving.
TEST(ReadAuthority, GivenBackItIsNotAskedForAgainAtOnce) {
    State state = idle_with_work(0);
    state.authority.phase = AuthorityPhase::releasing;
    const AuthorityTurn turn = turn_authority(state, signal::authority_lost{});
    state.authority = *turn.effects.data;
    state.authority.phase = turn.phase;
    state.authority.work_since = test::now - seconds(60);
    EXPECT_EQ(std::nullopt, read_authority(state));
    state.now = test::now + state.facts.settings.policy.stability_window;
    EXPECT_TRUE(is<signal::work_for_us>(read_authority(state)));
}

TEST(ReadAuthority, IsKeptWhileAChangeIsInHand) {
    State state = test::state();
    EXPECT_TRUE(is<signal::work_done>(read_authority(state)));
    state.repair.phase = RepairPhase::wiping;
    EXPECT_EQ(std::nullopt, read_authority(state));
    state.authority.fence = Fence{};
    EXPECT_TRUE(is<signal::authority_lost>(read_authority(state)));
}

// Members.

TEST(ReadMember, SilenceIsJudgedOnlyAfterTheLimitAndWhileSomebodyServes) {
    State state = test::state();
    MemberState& member = *state.members.find(test::member_id(2));
    member.phase = MemberPhase::suspect;
    member.since = test::now - minutes(2) + microseconds(1);
    test::probe(state, 2, {});
    state.facts.probes[Ordinal{2}].quiet_since = test::now - hours(1);
    for (const std::uint32_t other : {0U, 1U})
        state.facts.probes[Ordinal{other}].healthy_since = test::now - hours(1);
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)));
    member.since = test::now - minutes(2);
    EXPECT_TRUE(is<signal::limit_passed>(read_member(state, test::member_id(2))));
    for (const std::uint32_t other : {0U, 1U})
        test::probe(state, other, {});
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)))
        << "without a quorum every silence looks alike";
}

TEST(ReadMember, SilenceWhileNobodyServedIsNotHeldAgainstIt) {
    State state = test::state();
    MemberState& member = *state.members.find(test::member_id(2));
    member.phase = MemberPhase::suspect;
    member.since = test::now - hours(1);
    test::probe(state, 2, {});
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2))) << "the others just came back";
}

TEST(ReadMember, SilenceFromBeforeThisAgentLivedIsNotHeldAgainstIt) {
    State state = test::state();
    MemberState& member = *state.members.find(test::member_id(2));
    member.phase = MemberPhase::suspect;
    member.since = test::now - hours(1);
    test::probe(state, 2, {});
    state.facts.started_at = test::now - minutes(1);
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)));
}

TEST(ReadMember, WhatWasHeardWithoutAListToJudgeByWasHeard) {
    State state = test::state();
    MemberState& member = *state.members.find(test::member_id(2));
    member.phase = MemberPhase::suspect;
    member.since = test::now - hours(1);
    test::probe(state, 2, {});
    for (const std::uint32_t other : {0U, 1U})
        state.facts.probes[Ordinal{other}].healthy_since = test::now - hours(1);
    state.facts.probes[Ordinal{2}].quiet_since = test::now - minutes(1);
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)));
    state.facts.probes[Ordinal{2}].quiet_since = test::now - minutes(2);
    EXPECT_TRUE(is<signal::limit_passed>(read_member(state, test::member_id(2))));
}

TEST(ReadMember, WhatThisAgentSleptThroughIsNotHeldAgainstIt) {
    State state = test::state();
    MemberState& member = *state.members.find(test::member_id(2));
    member.phase = MemberPhase::suspect;
    member.since = test::now - hours(1);
    test::probe(state, 2, {});
    state.facts.probes[Ordinal{2}].quiet_since = test::now - hours(1);
    for (const std::uint32_t other : {0U, 1U})
        state.facts.probes[Ordinal{other}].healthy_since = test::now - hours(1);
    state.facts.slept_at = test::now - minutes(1);
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)));
    state.facts.slept_at = test::now - minutes(2);
    EXPECT_TRUE(is<signal::limit_passed>(read_member(state, test::member_id(2))));
}

TEST(ReadMember, AVolumeThatAsksForAdmissionIsLostAtOnce) {
    State state = test::state();
    state.facts.record->replicas[Ordinal{2}].claim = VolumeClaim::wants_admission;
    EXPECT_TRUE(is<signal::lost>(read_member(state, test::member_id(2))));
}

TEST(ReadMember, AnOvertakenRecordCondemnsNobodyWhoServes) {
    State state = test::state();
    ReplicaEntry& entry = state.facts.record->replicas[Ordinal{2}];
    entry.claim = VolumeClaim::wants_admission;
    entry.member_id = MemberId{};
    EXPECT_FALSE(is<signal::lost>(read_member(state, test::member_id(2))));
    test::probe(state, 2, {});
    EXPECT_TRUE(is<signal::lost>(read_member(state, test::member_id(2))));
}

TEST(ReadMember, ContentThatLostToAMajorityIsLostUnlessItIsAhead) {
    State state = test::state();
    state.facts.diverged[test::member_id(2)] = "";
    EXPECT_TRUE(is<signal::lost>(read_member(state, test::member_id(2))));
    state.facts.diverged[test::member_id(2)] = "ahead of the majority";
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)));
}

TEST(ReadMember, ASurplusVoterThatFallsSilentIsNotWaitedFor) {
    State state = test::state();
    test::probe(state, 2, {});
    MemberState& member = state.members[test::member_id(2)];
    member = {MemberPhase::suspect, Ordinal{2}, state.now};
    state.now = state.now + state.facts.settings.policy.stability_window;
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)));
    state.facts.desired->replicas = 2;
    EXPECT_TRUE(is<signal::limit_passed>(read_member(state, test::member_id(2))));
    state.facts.desired->replicas = 0;
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2))) << "a pause removes nobody";
}

TEST(ReadMember, AnotherMemberOnTheSamePortSaysNothingAboutThisOne) {
    State state = test::state();
    state.facts.probes[Ordinal{2}].status.member_id = MemberId{999};
    EXPECT_TRUE(is<signal::quiet>(read_member(state, test::member_id(2))));
}

TEST(ReadMember, AStaleListIsOvertakenByWhatTheOwnEtcdKnows) {
    State state = test::state();
    state.facts.list->members[2].learner = true;
    state.facts.list_current = false;
    state.facts.own_list = test::list_of(3);
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)))
        << "promoted meanwhile by another agent: it is no silent learner";
}

TEST(Members, OneThatMovesToAnotherReplicaIsJudgedByItsNewPort) {
    State state = test::state();
    state.facts.list->members[2].peer_urls = {test::peer_url(3)};
    const Step next = step(state, Event{EventSeq{11}, test::now, TimerFired{}});
    const MemberState& member = *next.next.members.find(test::member_id(2));
    EXPECT_EQ(Ordinal{3}, member.ordinal);
    EXPECT_EQ(MemberPhase::unknown, member.phase) << "nobody has asked there yet";
}

// Cluster.

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

// Repair.

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

// Replica and process.

State examining() {
    State state = test::state();
    state.replica = ReplicaState{};
    state.volume = VolumeState{};
    state.process = ProcessState{};
    state.facts.etcd_running = false;
    state.facts.disk = test::disk();
    return state;
}

TEST(ReadReplica, AVolumeThatContinuesMayStart) {
    EXPECT_TRUE(is<signal::may_start>(read_replica(examining())));
}

State told_to_join() {
    State state = examining();
    state.facts.disk = DiskReport{};
    ReplicaEntry& entry = state.facts.record->replicas[Ordinal{0}];
    entry = ReplicaEntry{};
    entry.member_id = MemberId{900};
    entry.claim = VolumeClaim::holding;
    entry.initial_cluster = "quorate-0=" + test::peer_url(0) + ",quorate-1=" + test::peer_url(1) +
                            ",quorate-2=" + test::peer_url(2);
    state.replica.told_at = state.now - seconds(2);
    state.authority = AuthorityState{};
    return state;
}

TEST(ReadReplica, AJoinerStartsOnceEveryPeerHasAppliedItsAdmission) {
    EXPECT_TRUE(is<signal::may_start>(read_replica(told_to_join())));
    State cut_off = told_to_join();
    MemberStatus behind = test::serving_status(2);
    behind.serves = false;
    test::probe(cut_off, 2, behind);
    EXPECT_EQ(std::nullopt, read_replica(cut_off)) << "it may still name the removed member";
    test::probe(cut_off, 2, {});
    EXPECT_EQ(std::nullopt, read_replica(cut_off)) << "it may answer before it has caught up";
    State just_told = told_to_join();
    just_told.replica.told_at = just_told.now;
    EXPECT_EQ(std::nullopt, read_replica(just_told)) << "the probes may be older than the answer";
    EXPECT_EQ(just_told.now + just_told.facts.settings.policy.probe_period * 2,
              next_wake(just_told));
    just_told.now = just_told.now + microseconds(1);
    test::probe(just_told, 1, test::serving_status(1));
    EXPECT_EQ(std::nullopt, read_replica(just_told)) << "another may still be behind";
    test::probe(just_told, 2, test::serving_status(2));
    EXPECT_TRUE(is<signal::may_start>(read_replica(just_told)));
}

TEST(ReadReplica, AJoinerWithDataAsksNobodyForItsId) {
    State state = told_to_join();
    ReplicaEntry& entry = state.facts.record->replicas[Ordinal{0}];
    entry.nonce = Nonce{70};
    entry.member_id = test::member_id(0);
    state.facts.disk = test::disk();
    test::probe(state, 2, {});
    EXPECT_TRUE(is<signal::may_start>(read_replica(state)));
}

TEST(ReadReplica, AVolumeThatDoesNotIsNamedWithTheCause) {
    State state = examining();
    state.facts.disk->identity->nonce = Nonce{69};
    const auto signal = read_replica(state);
    ASSERT_TRUE(is<signal::not_continuation>(signal));
    EXPECT_EQ("rolled-back", std::get<signal::not_continuation>(*signal).why);
}

TEST(ReadReplica, TheLastCopyIsNeverMoved) {
    State state = examining();
    state.facts.record = test::record(1);
    state.facts.disk->identity->nonce = Nonce{69};
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
    state.facts.disk = DiskReport{};
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
}

State chosen_survivor() {
    State state = examining();
    state.facts.record->rebuild = Rebuild{Ordinal{0}, state.facts.disk->last, {}, "token"};
    for (const std::uint32_t one : {0U, 1U, 2U})
        test::probe(state, one, {});
    return state;
}

TEST(ReadReplica, ARebuildBeginsOnTheVolumeThatWasApprovedAndOnNoOther) {
    EXPECT_TRUE(is<signal::chosen>(read_replica(chosen_survivor())));
    State rolled_back = chosen_survivor();
    rolled_back.facts.disk->identity->nonce = Nonce{69};
    EXPECT_TRUE(is<signal::not_continuation>(read_replica(rolled_back)));
    State shorter = chosen_survivor();
    shorter.facts.disk->last.index = LogIndex{599};
    EXPECT_TRUE(is<signal::not_continuation>(read_replica(shorter)));
    State wiped = chosen_survivor();
    wiped.facts.disk = DiskReport{};
    EXPECT_TRUE(is<signal::needs_admission>(read_replica(wiped)));
}

TEST(ReadReplica, ARebuildWaitsForThoseThatMayServe) {
    State state = chosen_survivor();
    const Span wait = state.facts.settings.policy.survivors_wait;
    state.facts.rebuild_seen_at = state.now;
    EXPECT_EQ(std::nullopt, read_replica(state)) << "they may take the order back";
    state.now = state.facts.rebuild_seen_at + wait;
    EXPECT_TRUE(is<signal::chosen>(read_replica(state)));
    state.facts.slept_at = state.now;
    EXPECT_EQ(std::nullopt, read_replica(state)) << "what was slept through was no wait";
    auto& replicas = state.facts.record->replicas;
    replicas[Ordinal{1}].claim = VolumeClaim::wants_admission;
    EXPECT_EQ(std::nullopt, read_replica(state));
    replicas[Ordinal{2}].high_water_final = true;
    EXPECT_TRUE(is<signal::chosen>(read_replica(state))) << "one is lost and one was stopped";
    replicas[Ordinal{2}].surviving = LogPosition{Term{1}, LogIndex{1}};
    EXPECT_EQ(std::nullopt, read_replica(state)) << "it runs again";
}

TEST(ReadReplica, ARebuildThatWasDoneBeforeACrashGoesOn) {
    State state = chosen_survivor();
    state.facts.disk->identity->epoch = Epoch{3};
    state.facts.disk->member_id = MemberId{900};
    state.facts.disk->last = {Term{1}, LogIndex{590}};
    EXPECT_TRUE(is<signal::chosen>(read_replica(state)));
    state.facts.disk->identity->nonce = Nonce{69};
    EXPECT_TRUE(is<signal::not_continuation>(read_replica(state))) << "of an earlier start";
}

TEST(ReadReplica, AServingOnePutsBackARecordThatStaysBehind) {
    State state = test::state();
    state.facts.record_there = RecordRevision{12};
    state.facts.record_behind_at = state.now;
    EXPECT_EQ(std::nullopt, read_replica(state)) << "the next news may be on its way";
    const Instant then = state.now + state.facts.settings.policy.retry_period;
    EXPECT_EQ(then, next_wake(state));
    state.now = then;
    EXPECT_TRUE(is<signal::record_behind>(read_replica(state)));
    state.in_flight[CommandId{1}] = Command{CommandId{1}, state.now, WriteRecord{}};
    EXPECT_EQ(std::nullopt, read_replica(state)) << "it is being written";
}

// An older record would make its volume look rolled back.
State begun_behind() {
    State state = examining();
    state.facts.record_before = state.facts.record;
    state.facts.record.reset();
    state.facts.record_there = RecordRevision{};
    state.facts.record_behind_at = state.now - minutes(1);
    return state;
}

TEST(ReadReplica, AVolumeOfTheSameClusterVouchesForARememberedRecord) {
    State state = begun_behind();
    EXPECT_TRUE(is<signal::record_behind>(read_replica(state)));
    state.facts.disk->identity->lineage = Lineage{"other"};
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state))) << "data, and no record";
    state.facts.disk = DiskReport{};
    EXPECT_TRUE(is<signal::nothing_founded>(read_replica(state))) << "a journal that was left over";
}

TEST(ReadReplica, AnEmptyVolumeDecidesNothingOnARecordThatWentBack) {
    State state = begun_behind();
    state.facts.record_there = RecordRevision{12};
    state.facts.disk = DiskReport{};
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
}

TEST(ReadReplica, DataWithoutARecordIsLeftToAPerson) {
    State state = examining();
    state.facts.record.reset();
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
}

TEST(ReadReplica, DataOfANewerEtcdIsNotOpened) {
    State state = examining();
    state.facts.disk->storage_version = "3.7.0";
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
}

TEST(ReadReplica, SomebodyElsesLockIsRespected) {
    State state = examining();
    state.facts.disk->in_use = true;
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
}

TEST(ReadReplica, TheFinalMarkIsTheLastWordOfACleanStop) {
    State state = examining();
    state.facts.stop_requested = true;
    EXPECT_TRUE(is<signal::untold>(read_replica(state)));
    state.facts.record->replicas[Ordinal{0}].high_water = state.facts.disk->last;
    state.facts.record->replicas[Ordinal{0}].high_water_final = true;
    EXPECT_TRUE(is<signal::stop_asked>(read_replica(state)));
}

TEST(ReadReplica, AStoppedVoterThatIsStillToBeRemovedStartsAgain) {
    State state = examining();
    state.facts.stop_requested = true;
    EXPECT_TRUE(is<signal::untold>(read_replica(state))) << "a restart: its final mark, and out";
    state.facts.settings.self = Ordinal{2};
    state.facts.disk = test::disk(2);
    state.facts.desired->replicas = 2;
    EXPECT_TRUE(is<signal::may_start>(read_replica(state)));
    state.facts.record->replicas[Ordinal{2}].claim = VolumeClaim::expelled;
    EXPECT_TRUE(is<signal::stop_asked>(read_replica(state))) << "removed: nothing keeps it";
}

TEST(ReadReplica, AnEventOfANewerReleaseParks) {
    State state = examining();
    state.facts.unknown_event = "event type 99";
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
}

TEST(ReadReplica, AParkedAgentCanStillBeStopped) {
    State state = examining();
    state.facts.unknown_event = "event type 99";
    state.replica.phase = ReplicaPhase::parked;
    const Step next = step(state, Event{EventSeq{11}, test::now, StopRequested{}});
    EXPECT_EQ(ReplicaPhase::leaving, next.next.replica.phase);
    EXPECT_TRUE(next.next.exiting);
}

TEST(ReadReplica, EtcdThatCondemnsItsDataIsBelievedUnlessItHoldsTheLastCopy) {
    State state = test::state();
    state.facts.etcd_running = false;
    state.facts.exits = 1;
    state.facts.last_exit = ChildExit{ExitClass::log_lost, 2, 0, ""};
    state.process.phase = ProcessPhase::backing_off;
    EXPECT_TRUE(is<signal::condemned>(read_replica(state)));
    state.facts.last_exit->exit_class = ExitClass::unknown;
    EXPECT_TRUE(is<signal::child_ended>(read_replica(state)));
    state.facts.last_exit->exit_class = ExitClass::log_lost;
    state.facts.record = test::record(1);
    EXPECT_TRUE(is<signal::child_ended>(read_replica(state)));
}

TEST(ReadReplica, OneThatIsExpelledBetweenTwoStartsDoesNotWaitForTheNext) {
    State state = test::state();
    state.facts.etcd_running = false;
    state.process.phase = ProcessPhase::backing_off;
    EXPECT_EQ(std::nullopt, read_replica(state)) << "the next start is due";
    ReplicaEntry expelled;
    expelled.claim = VolumeClaim::expelled;
    state.facts.record->replicas[Ordinal{0}] = expelled;
    EXPECT_TRUE(is<signal::child_ended>(read_replica(state)));
}

TEST(ReadReplica, OneThatIsCondemnedAndNotWantedAsksOnceAndNotForEver) {
    State state = examining();
    state.facts.settings.self = Ordinal{2};
    state.facts.disk->shape = DiskShape::empty;
    state.facts.disk->identity.reset();
    state.facts.desired->replicas = 2;
    state.replica.condemned = true;
    EXPECT_TRUE(is<signal::needs_admission>(read_replica(state)));
    state.facts.record->replicas[Ordinal{2}].claim = VolumeClaim::wants_admission;
    EXPECT_TRUE(is<signal::must_wait>(read_replica(state)));
}

TEST(ReadReplica, OnlyReplicaZeroNamesTheFounders) {
    for (const std::uint32_t self : {0U, 1U}) {
        State state = test::state(self);
        state.replica = ReplicaState{};
        state.replica.phase = ReplicaPhase::gathering;
        state.facts.record->stage = RecordStage::gathering;
        for (const std::uint32_t one : {0U, 1U, 2U})
            state.facts.record->replicas[Ordinal{one}].claim = VolumeClaim::empty;
        EXPECT_EQ(self == 0, is<signal::all_told>(read_replica(state)));
        state.facts.record->replicas[Ordinal{2}].claim = VolumeClaim::unknown;
        EXPECT_EQ(std::nullopt, read_replica(state)) << "one has not told yet";
    }
}

TEST(Halt, AnEventOfANewerReleaseKeepsEtcdAndGivesAuthorityBack) {
    State state = test::state();
    state.cluster.phase = ClusterPhase::repairing;
    state.repair.phase = RepairPhase::fencing;
    const Step next = step(state, Event{EventSeq{11}, test::now, UnknownObservation{99, ""}});
    EXPECT_EQ(ReplicaPhase::serving, next.next.replica.phase);
    EXPECT_TRUE(wants_etcd(next.next));
    EXPECT_EQ(AuthorityPhase::releasing, next.next.authority.phase);
    EXPECT_EQ(state.repair, next.next.repair)
        << "what it does not understand it does not go on with";
}

TEST(Intent, SigtermStopsEtcdButNotThatOfAReplicaStillToBeRemoved) {
    State state = test::state(2);
    EXPECT_TRUE(wants_etcd(state));
    state.facts.stop_requested = true;
    EXPECT_FALSE(wants_etcd(state));
    state.facts.desired->replicas = 2;
    EXPECT_TRUE(wants_etcd(state)) << "its vote still counts";
    state.facts.desired->replicas = 0;
    EXPECT_FALSE(wants_etcd(state)) << "paused: stopped, and nothing is removed";
}

TEST(Intent, AStopWhileTheDesiredReplicasAreOutOfReachKeepsEtcdUntilTheyAreRead) {
    const State state = test::state(2);
    const Step asked =
        step(state, Event{EventSeq{11}, test::now, StopRequested{.desired_unread = true}});
    EXPECT_TRUE(wants_etcd(asked.next)) << "it may be the removal of a voter that still counts";
    const Step restart =
        step(asked.next, Event{EventSeq{12}, test::now, DesiredSeen{*state.facts.desired}});
    EXPECT_FALSE(wants_etcd(restart.next));
    const Step removal =
        step(asked.next, Event{EventSeq{12}, test::now, DesiredSeen{{2, PodManagement::parallel}}});
    EXPECT_TRUE(wants_etcd(removal.next)) << "until it is removed";
}

TEST(Intent, AnOrderToRebuildStopsEtcdOnlyWhereNobodyServes) {
    State state = test::state();
    state.facts.record->rebuild = Rebuild{Ordinal{2}, {}, {}, "token"};
    EXPECT_TRUE(wants_etcd(state)) << "a quorum works: the order is void";
    for (const std::uint32_t one : {0U, 1U, 2U})
        state.facts.probes[Ordinal{one}].status.serves = false;
    EXPECT_FALSE(wants_etcd(state));
}

TEST(Intent, EtcdIsNotWantedOnAVolumeTheRecordDoesNotConfirm) {
    State state = test::state();
    state.volume.nonce = Nonce{5};
    EXPECT_FALSE(wants_etcd(state));
}

TEST(Intent, AMemberInTheRecordThatTheListHasNoMoreIsWork) {
    State state = test::state();
    EXPECT_FALSE(work_is_visible(state));
    std::erase_if(state.facts.list->members,
                  [](const ListedMember& one) { return one.id == test::member_id(2); });
    EXPECT_TRUE(work_is_visible(state)) << "its replica tries to start as it for ever";
}

TEST(Wake, WithAuthorityItIsSoonEnoughToNoticeASleep) {
    const State state = test::state();
    EXPECT_EQ(test::now + state.facts.settings.policy.probe_period, next_wake(state));
}

TEST(Wake, IsTheEarliestInstantThatLiesAhead) {
    State state = test::state();
    state.authority = AuthorityState{};
    state.replica.retry_at = test::now + seconds(7);
    state.volume.retry_at = test::now + seconds(3);
    state.process.retry_at = test::now - seconds(1);
    EXPECT_EQ(test::now + seconds(3), next_wake(state));
}

}  // namespace
}  // namespace quorate
