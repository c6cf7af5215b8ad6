// What the CORRUPT alarm and the members' hashes say together (S13, requirements C2).
#include <gtest/gtest.h>

#include <vector>

#include "core/rules/content.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/signals.hpp"
#include "core/step.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using test::is;

State alarmed(std::vector<MemberId> named) {
    State state = test::state();
    for (auto& [ordinal, probe] : state.facts.probes) {
        probe.status.alarm_corrupt = true;
        probe.status.accused = named;
    }
    state.alarm.phase = AlarmPhase::raised;
    state.alarm.since = test::now - seconds(1);
    return state;
}
State judged(State state, HashVerdict verdict, std::uint32_t answered = 3) {
    state.facts.judged = {verdict, answered, test::now};
    return state;
}

TEST(ReadAlarm, IsRaisedByEtcdAndGoesWithIt) {
    State state = alarmed({MemberId{}});
    state.alarm.phase = AlarmPhase::clear;
    EXPECT_TRUE(is<signal::alarm_raised>(read_alarm(state)));
    for (const AlarmPhase phase : {AlarmPhase::raised, AlarmPhase::disarming, AlarmPhase::parked}) {
        state = test::state();
        state.alarm.phase = phase;
        EXPECT_TRUE(is<signal::alarm_gone>(read_alarm(state)));
    }
}

TEST(ReadAlarm, NobodyIsDisarmedBeforeTheMembersWereCompared) {
    EXPECT_EQ(std::nullopt, read_alarm(alarmed({MemberId{}})));
    State state = judged(alarmed({MemberId{}}), HashVerdict::equal);
    state.facts.judged.at = state.alarm.since;
    EXPECT_EQ(std::nullopt, read_alarm(state)) << "what was equal before the alarm proves nothing";
}

TEST(ReadAlarm, IsDisarmedWhenAllVotersHoldTheSame) {
    EXPECT_TRUE(
        is<signal::content_agrees>(read_alarm(judged(alarmed({MemberId{}}), HashVerdict::equal))));
    EXPECT_EQ(std::nullopt, read_alarm(judged(alarmed({MemberId{}}), HashVerdict::equal, 2)))
        << "one voter was not heard";
    EXPECT_EQ(std::nullopt, read_alarm(judged(alarmed({MemberId{}}), HashVerdict::minority)));
}

TEST(ReadAlarm, IsDisarmedUnderAuthorityOnACurrentListAndNotAmidARepair) {
    const State ready = judged(alarmed({MemberId{}}), HashVerdict::equal);
    State state = ready;
    state.authority.phase = AuthorityPhase::without;
    EXPECT_EQ(std::nullopt, read_alarm(state));
    state = ready;
    state.facts.list_current = false;
    EXPECT_EQ(std::nullopt, read_alarm(state));
    state = ready;
    state.repair.phase = RepairPhase::catching_up;
    EXPECT_EQ(std::nullopt, read_alarm(state));
    state = ready;
    state.facts.list->members.push_back(test::listed(3, true));
    EXPECT_EQ(std::nullopt, read_alarm(state)) << "a learner is on its way";
}

// S13: the accused one's data is not in use any more; a hash that agrees does not clear it.
TEST(ReadAlarm, AnAccusedVoterIsReplacedBeforeItIsDisarmed) {
    State state = judged(alarmed({test::member_id(1)}), HashVerdict::equal);
    EXPECT_EQ(std::nullopt, read_alarm(state));
    EXPECT_TRUE(is<signal::lost>(read_member(state, test::member_id(1))));
    EXPECT_FALSE(is<signal::lost>(read_member(state, test::member_id(2))));
    state.facts.list->members[1].id = MemberId{900};
    EXPECT_TRUE(is<signal::content_agrees>(read_alarm(state)));
}

TEST(ReadAlarm, TheAccusedIdIsNotBelievedWhileHashesPointElsewhere) {
    State state = judged(alarmed({test::member_id(1)}), HashVerdict::minority);
    state.facts.diverged[test::member_id(0)] = "";
    EXPECT_FALSE(is<signal::lost>(read_member(state, test::member_id(1))));
    EXPECT_TRUE(is<signal::lost>(read_member(state, test::member_id(0))));
}

TEST(ReadAlarm, ParksWhenNobodyCanTellWhoIsRight) {
    const State state = judged(alarmed({MemberId{}}), HashVerdict::undecided, 2);
    EXPECT_TRUE(is<signal::nobody_knows>(read_alarm(state)));
    State quiet = test::state();
    quiet.facts.judged = {HashVerdict::undecided, 2, test::now};
    EXPECT_TRUE(is<signal::alarm_raised>(read_alarm(quiet))) << "also without an alarm of etcd's";
    State parked = judged(state, HashVerdict::minority);
    parked.alarm.phase = AlarmPhase::parked;
    EXPECT_TRUE(is<signal::alarm_raised>(read_alarm(parked))) << "a third member may have returned";
}

TEST(ReadAlarm, TheOnlyMemberIsNeverReplaced) {
    State state = judged(alarmed({test::member_id(0)}), HashVerdict::none, 0);
    state.facts.list = test::list_of(1);
    EXPECT_TRUE(is<signal::nobody_knows>(read_alarm(state)));
}

TEST(ReadAlarm, ADisarmThatDidNotHelpIsTriedAgain) {
    State state = alarmed({MemberId{}});
    state.alarm.phase = AlarmPhase::disarming;
    state.alarm.retry_at = test::now + seconds(1);
    EXPECT_EQ(std::nullopt, read_alarm(state));
    state.now = state.alarm.retry_at;
    EXPECT_TRUE(is<signal::alarm_raised>(read_alarm(state)));
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

TEST(Wake, IsTheEarliestInstantThatLiesAhead) {
    State state = test::state();
    state.replica.retry_at = test::now + seconds(7);
    state.volume.retry_at = test::now + seconds(3);
    state.process.retry_at = test::now - seconds(1);
    EXPECT_EQ(test::now + seconds(3), next_wake(state));
}

}  // namespace
}  // namespace quorate
