// What is read from a state as true now: authority, members, what etcd is wanted for, and when to
// wake. The other machines have files of their own.
#include <gtest/gtest.h>

#include "core/machines/authority.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/record_edits.hpp"
#include "core/rules/signals.hpp"
#include "core/step.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using test::is;

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
    State unasked = state;
    unasked.facts.probes[Ordinal{2}].status.unresolved = true;
    EXPECT_EQ(std::nullopt, read_member(unasked, test::member_id(2)));
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

// Swarm 22878: the newest list here was read before somebody promoted it.
TEST(ReadMember, WhoServesAsAVoterIsNoSilentLearner) {
    State state = test::state();
    state.facts.list->members[2].learner = true;
    state.members[test::member_id(2)] = {MemberPhase::suspect, Ordinal{2}, test::now - hours(1)};
    state.facts.probes[Ordinal{2}].quiet_since = test::now - hours(1);
    for (const std::uint32_t other : {0U, 1U})
        state.facts.probes[Ordinal{other}].healthy_since = test::now - hours(1);
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)));
    state.facts.probes[Ordinal{2}].status.serves = false;
    EXPECT_TRUE(is<signal::limit_passed>(read_member(state, test::member_id(2))));
}

TEST(ReadMember, AVolumeThatAsksForAdmissionIsLostAtOnce) {
    State state = test::state();
    state.facts.record->replicas[Ordinal{2}].claim = VolumeClaim::wants_admission;
    EXPECT_TRUE(is<signal::lost>(read_member(state, test::member_id(2))));
}

TEST(ReadMember, AnOvertakenRecordCondemnsNobodyWhoHasServed) {
    State state = test::state();
    ReplicaEntry& entry = state.facts.record->replicas[Ordinal{2}];
    entry.claim = VolumeClaim::wants_admission;
    entry.member_id = MemberId{};
    EXPECT_FALSE(is<signal::lost>(read_member(state, test::member_id(2))));
    test::probe(state, 2, {});
    EXPECT_FALSE(is<signal::lost>(read_member(state, test::member_id(2)))) << "it is only silent";
    state.facts.probes[Ordinal{2}].healthy_since = Instant{};
    EXPECT_TRUE(is<signal::lost>(read_member(state, test::member_id(2))))
        << "a founder that never served";
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
