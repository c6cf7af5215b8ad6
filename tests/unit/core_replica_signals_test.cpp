// What the replica machine reads of its volume, of the record, and of what etcd said as it ended.
#include <gtest/gtest.h>

#include <variant>

#include "core/machines/replica.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/signals.hpp"
#include "core/step.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using test::is;

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

State left_behind() {
    State state = examining();
    ReplicaEntry& entry = state.facts.record->replicas[Ordinal{0}];
    entry = ReplicaEntry{};
    entry.claim = VolumeClaim::expelled;
    return state;
}

TEST(ReadReplica, WhatARemovedMemberLeftIsMovedWhileOthersServe) {
    const auto signal = read_replica(left_behind());
    ASSERT_TRUE(is<signal::not_continuation>(signal));
    EXPECT_EQ("not-a-member", std::get<signal::not_continuation>(*signal).why);
}

// It may be the last copy there is (S6).
TEST(ReadReplica, WhatARemovedMemberLeftStaysAndIsNamedWhileNobodyServes) {
    State state = left_behind();
    for (std::uint32_t o = 0; o < 3; ++o)
        test::probe(state, o, MemberStatus{});
    state.facts.none_serves_since = state.now;
    EXPECT_EQ(std::nullopt, read_replica(state)) << "they may be about to serve";
    EXPECT_EQ(next_wake(state), state.now + state.facts.settings.policy.probe_period);
    state.now = state.now + state.facts.settings.policy.quorum_lost_after;
    const auto signal = read_replica(state);
    ASSERT_TRUE(is<signal::cannot_continue>(signal));
    EXPECT_NE(std::get<signal::cannot_continue>(*signal).why.find("up to term 3 index 600"),
              std::string::npos);
    test::probe(state, 1, test::serving_status(1));
    EXPECT_TRUE(is<signal::not_continuation>(read_replica(state))) << "they have it";
}

TEST(ReadReplica, WhoHasJustWokenDoesNotKnowThatOthersServe) {
    State state = left_behind();
    state.facts.slept_at = state.now;
    EXPECT_EQ(std::nullopt, read_replica(state));
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

// A store out of reach refuses within milliseconds, and the admission it shows was for a start that
// this volume has used (S21).
TEST(ReadReplica, ARequestThatWasNotTakenIsRepeatedAtItsPace) {
    State state = examining();
    state.facts.disk = DiskReport{};
    ASSERT_TRUE(is<signal::needs_admission>(read_replica(state)));
    state.replica.retry_at = state.now + milliseconds(1);
    EXPECT_EQ(std::nullopt, read_replica(state));
    state.replica.phase = ReplicaPhase::awaiting_admission;
    const auto turn = turn_replica(state, signal::look_again{});
    EXPECT_EQ(state.replica.retry_at, turn.effects.data->retry_at);
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

// Replica 0 was cut off from those who approved a rebuild from replica 1.
State beside_an_order(LogPosition approved) {
    State state = examining();
    state.facts.record->rebuild = Rebuild{Ordinal{1}, approved, {}, "token"};
    return state;
}

TEST(ReadReplica, AnOrderToRebuildFromLessThanThisVolumeHoldsIsTakenBack) {
    const LogPosition held = examining().facts.disk->last;
    State state = beside_an_order({held.term, LogIndex{held.index.value - 1}});
    ASSERT_TRUE(is<signal::order_falls_short>(read_replica(state)));
    const auto turn = turn_replica(state, signal::order_falls_short{});
    const auto& write = std::get<WriteRecord>(turn.effects.commands.at(0));
    EXPECT_FALSE(write.record.rebuild);
    state.in_flight[CommandId{1}] = Command{CommandId{1}, state.now, WriteRecord{}};
    EXPECT_EQ(std::nullopt, read_replica(state)) << "it is being written";
}

TEST(ReadReplica, AnOrderStandsBesideAVolumeThatHoldsNoMore) {
    State state = beside_an_order(examining().facts.disk->last);
    EXPECT_TRUE(is<signal::must_wait>(read_replica(state)));
    state.facts.record->rebuild->position = {};
    state.facts.disk->identity->nonce = Nonce{7};
    EXPECT_TRUE(is<signal::must_wait>(read_replica(state))) << "rolled back, or a copy";
}

TEST(ReadReplica, OneThatWaitsGoesToPutBackARecordThatStaysBehind) {
    State state = examining();
    state.facts.record_there = RecordRevision{12};
    state.facts.record_behind_at = state.now - minutes(1);
    EXPECT_TRUE(is<signal::record_behind>(read_replica(state)));
    state.facts.record->rebuild = Rebuild{Ordinal{1}, {}, {}, "token"};
    for (const ReplicaPhase phase :
         {ReplicaPhase::idle, ReplicaPhase::awaiting_admission, ReplicaPhase::rebuilding,
          ReplicaPhase::gathering, ReplicaPhase::claiming}) {
        state.replica.phase = phase;
        EXPECT_TRUE(is<signal::look_again>(read_replica(state))) << static_cast<int>(phase);
    }
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

TEST(ReadReplica, AJournalAloneVouchesForNoRecord) {
    State state = begun_behind();
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

// The record of a cluster that was founded since says nothing against what the volume holds (S6).
TEST(ReadReplica, DataOfAnotherClusterIsLeftToAPerson) {
    State state = examining();
    state.facts.disk->identity->lineage = Lineage{"older"};
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
    state.facts.record->replicas.erase(Ordinal{0});
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state))) << "nor is it a removed member's";
    state.facts.disk->shape = DiskShape::empty;
    EXPECT_TRUE(is<signal::needs_admission>(read_replica(state))) << "there is nothing to lose";
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

}  // namespace
}  // namespace quorate
