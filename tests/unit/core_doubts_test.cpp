// What agents tell each other of the members' content, and whose word counts how long (S14, S15).
#include "core/facts/doubts.hpp"

#include <gtest/gtest.h>

#include "core/facts/growth.hpp"
#include "core/rules/readiness.hpp"
#include "core/step.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

constexpr Span believed = seconds(180);  // two heartbeats and two checks, as they are by default

// Agent 1 of three; it compared nothing itself.
State hearing() {
    State state = test::state(1);
    state.facts.settings.policy.peers_wait = seconds(3);
    return state;
}

State after(State state, Observation observation, Span passed = milliseconds(10)) {
    return step(std::move(state),
                {EventSeq{state.seq.value + 1}, state.now + passed, std::move(observation)})
        .next;
}

ContentFound found(Span age, std::vector<std::uint32_t> doubted,
                   std::vector<std::uint32_t> agreed) {
    ContentFound found{Epoch{2}, Instant{age.us}, age, {}, {}};
    for (const std::uint32_t o : doubted)
        found.doubted.push_back(test::member_id(o));
    for (const std::uint32_t o : agreed)
        found.agreed.push_back(test::member_id(o));
    return found;
}

PeerReported telling(std::uint32_t from, std::uint64_t sequence,
                     std::optional<ContentFound> content) {
    return {Ordinal{from}, {Lineage{"0c6e"}, 50 + from, sequence, {}, {}, {}, std::move(content)}};
}
PeerReported doubting(std::uint32_t from, std::uint64_t sequence, Span age = {}) {
    return telling(from, sequence, found(age, {1}, {0, 2}));
}
PeerReported agreeing(std::uint32_t from, std::uint64_t sequence, Span age = {}) {
    return telling(from, sequence, found(age, {}, {0, 1, 2}));
}

bool ready(const State& state) { return is_ready(state, test::serving_status(1)); }

// All the others' probes go on answering, as time passes.
State later(State state, Span passed) {
    for (std::uint32_t o = 0; o < 3; ++o)
        state = after(state, ReplicaProbed{Ordinal{o}, test::serving_status(o)}, Span{});
    state.now = state.now + passed;
    state.wake_at.reset();
    return state;
}

constexpr std::uint32_t silent = 0;  // in the place of a hash

CommandEnded compared(const State& state, std::vector<std::uint32_t> hashes) {
    ContentCompared content{Revision{490}, {}};
    for (std::uint32_t o = 0; o < hashes.size(); ++o)
        content.hashes[Ordinal{o}] = {test::member_id(o), hashes[o] != silent, Revision{490},
                                      Revision{}, hashes[o]};
    return {state.last_command, Done{}, content};
}
State having_compared(State state, std::vector<std::uint32_t> hashes) {
    state.last_command.value += 1;
    state.in_flight[state.last_command] = {state.last_command, state.now + seconds(10),
                                           CompareContent{{Ordinal{0}, Ordinal{1}, Ordinal{2}}}};
    const CommandEnded ended = compared(state, std::move(hashes));
    return after(std::move(state), ended);
}

TEST(PeersDoubt, TakesReadinessFromTheMemberItNames) {
    const State state = hearing();
    ASSERT_TRUE(ready(state));
    EXPECT_FALSE(ready(after(state, doubting(0, 1))));
    EXPECT_TRUE(ready(after(state, telling(0, 1, found({}, {2}, {0, 1})))));
}

// A clock that went back, or a life that has just begun, has not lived as long as a peer's doubt.
TEST(PeersDoubt, MayBeOlderThanThisAgentsClock) {
    State state = hearing();
    const Span older = Span{state.now.us} + seconds(20);
    EXPECT_FALSE(ready(after(std::move(state), doubting(0, 1, older))));
}

TEST(PeersDoubt, RemovesNobodyAndIsNoDoubtOfThisAgent) {
    const State state = after(hearing(), doubting(0, 1));
    EXPECT_TRUE(state.facts.diverged.empty());
    EXPECT_EQ(state.facts.judged.verdict, HashVerdict::none);
    EXPECT_EQ(state.alarm.phase, AlarmPhase::clear);
    EXPECT_EQ(state.members.find(test::member_id(1))->phase, MemberPhase::voting);
}

TEST(PeersDoubt, LetsTheReplicasAfterItStart) {
    EXPECT_TRUE(awaits_peers(after(hearing(), doubting(0, 1)), test::serving_status(1)));
}

TEST(PeersDoubt, EndsWithALaterComparisonThatAgreesWhoeverMadeIt) {
    const State state = after(hearing(), doubting(0, 1));
    EXPECT_TRUE(ready(after(state, agreeing(0, 2)))) << "by the same agent";
    EXPECT_TRUE(ready(after(state, agreeing(2, 1)))) << "by another";
    EXPECT_TRUE(ready(having_compared(state, {7, 7, 7}))) << "by this one";
    EXPECT_FALSE(ready(after(state, telling(2, 1, found({}, {}, {0, 2})))))
        << "one that this member did not answer says nothing of it";
}

TEST(PeersDoubt, IsNotEndedByAnEarlierComparisonThatIsToldLater) {
    const State state = after(hearing(), doubting(0, 1, seconds(5)));
    EXPECT_FALSE(ready(after(state, agreeing(2, 1, seconds(20)))));
}

TEST(PeersDoubt, IsNotBroughtBackByAnEarlierComparisonThatIsToldLater) {
    const State state = after(hearing(), agreeing(2, 1, seconds(5)));
    EXPECT_TRUE(ready(after(state, doubting(0, 1, seconds(20)))));
}

TEST(PeersDoubt, IsNotBroughtBackByAReportThatWasOvertaken) {
    State state = after(hearing(), doubting(0, 7));
    state = after(state, agreeing(0, 9));
    EXPECT_TRUE(ready(after(state, doubting(0, 8))));
}

TEST(PeersDoubt, IsNotTakenBackByWhoTellsNothing) {
    State state = after(hearing(), doubting(0, 1));
    state = after(state, telling(0, 2, std::nullopt));
    EXPECT_FALSE(ready(state));
    PeerReported fresh = telling(0, 1, std::nullopt);
    fresh.report.boot = 99;
    EXPECT_FALSE(ready(after(state, fresh))) << "another life of that agent";
}

TEST(PeersDoubt, IsNotEndedByAComparisonThatItsMemberDidNotAnswer) {
    State state = after(hearing(), doubting(0, 1, seconds(9)));
    state = after(state, telling(0, 2, found(seconds(1), {2}, {0})));
    EXPECT_FALSE(ready(state));
    state = after(state, telling(0, 3, found(seconds(1), {2}, {0})));
    EXPECT_FALSE(ready(state)) << "told again";
    EXPECT_TRUE(ready(after(state, agreeing(0, 4)))) << "it answered";
    state = after(hearing(), doubting(0, 1, seconds(9)));
    state = after(state, agreeing(2, 1, seconds(5)));
    state = after(state, telling(0, 2, found(seconds(1), {2}, {0})));
    EXPECT_TRUE(ready(state)) << "what another agent ended meanwhile does not come back";
}

TEST(PeersDoubt, EndsWhenThePeerFallsSilent) {
    const State state = after(hearing(), doubting(0, 1));
    EXPECT_FALSE(ready(later(state, Span{believed.us - 1})));
    EXPECT_TRUE(ready(later(state, believed)));
    const State again = after(later(state, seconds(100)), doubting(0, 2, seconds(100)));
    EXPECT_FALSE(ready(later(again, Span{believed.us - 1}))) << "told again, it lasts";
}

TEST(PeersDoubt, IsNoOlderForAClockThatJumpedWhenItIsToldAgain) {
    State state = after(hearing(), doubting(0, 1));
    state = after(state, agreeing(2, 1, seconds(20)));
    PeerReported again = doubting(0, 2);
    again.report.content->age = hours(1);
    EXPECT_FALSE(ready(after(state, again)));
}

TEST(PeersDoubt, OfALaterComparisonIsNoOlderForAClockThatJumpedThanThatOfTheLast) {
    State state = after(hearing(), agreeing(2, 1, seconds(20)));
    state = after(state, doubting(0, 1));
    PeerReported later = doubting(0, 2, hours(1));
    EXPECT_FALSE(ready(after(state, later)));
}

TEST(PeersDoubt, DoesNotEndInASleep) {
    State state = after(hearing(), doubting(0, 1));
    ASSERT_TRUE(state.wake_at);
    EXPECT_LE(*state.wake_at, state.now + state.facts.settings.policy.probe_period);
    state = after(state, TimerFired{}, hours(1));
    EXPECT_FALSE(ready(state));
}

TEST(PeersDoubt, OutlivesALifeOfThisAgent) {
    State state = after(hearing(), doubting(0, 1));
    const Settings settings = state.facts.settings;
    state = after(state, AgentStarted{settings, 9, Lineage{"fresh"}});
    EXPECT_TRUE(peers_doubt(state, test::member_id(1)));
}

TEST(PeersDoubt, OfAnotherEpochLineageOrMemberIsNone) {
    const auto ready_after = [](const auto& change) {
        PeerReported told = doubting(0, 1);
        change(told.report);
        return ready(after(hearing(), told));
    };
    EXPECT_FALSE(ready_after([](PeerReport&) {}));
    EXPECT_TRUE(ready_after([](PeerReport& r) { r.content->epoch = Epoch{1}; }));
    EXPECT_TRUE(ready_after([](PeerReport& r) { r.lineage = Lineage{"beef"}; }));
    EXPECT_TRUE(ready_after([](PeerReport& r) { r.content->doubted = {MemberId{5}}; }));
}

TEST(OwnFinding, TellsWhomTheComparisonWasAbout) {
    const State all = having_compared(hearing(), {7, 7, 7});
    const auto told = own_finding(all, all.now + seconds(4));
    ASSERT_TRUE(told);
    EXPECT_EQ(told->agreed, found({}, {}, {0, 1, 2}).agreed);
    EXPECT_TRUE(told->doubted.empty());
    EXPECT_EQ(told->age, seconds(4));
    EXPECT_EQ(told->epoch, Epoch{2});
    const State one = having_compared(hearing(), {7, 8, 7});
    const auto minority = own_finding(one, one.now);
    ASSERT_TRUE(minority);
    EXPECT_EQ(minority->doubted, found({}, {1}, {}).doubted);
    EXPECT_EQ(minority->agreed, found({}, {}, {0, 2}).agreed);
    const State two = having_compared(hearing(), {7, 8});
    const auto undecided = own_finding(two, two.now);
    ASSERT_TRUE(undecided);
    EXPECT_EQ(undecided->doubted, found({}, {0, 1}, {}).doubted) << "nobody can say who is right";
    EXPECT_TRUE(undecided->agreed.empty());
}

// A verdict about others says nothing of who did not answer (swarm 12426).
TEST(OwnFinding, StillDoubtsWhoDidNotAnswerSince) {
    const State before = having_compared(hearing(), {7, 7, 7, 8});
    const State state = having_compared(before, {7, 9, 7, silent});
    EXPECT_EQ(HashVerdict::minority, state.facts.judged.verdict);
    EXPECT_EQ(own_finding(state, state.now)->doubted, found({}, {1, 3}, {}).doubted);
    EXPECT_FALSE(state.facts.diverged.contains(test::member_id(3))) << "it is accused no more";
    const State again = having_compared(state, {7, 9, 7, silent});
    EXPECT_EQ(own_finding(again, again.now)->doubted, found({}, {1, 3}, {}).doubted);
    const State agreed = after(state, telling(2, 1, found({}, {}, {0, 3})));
    EXPECT_EQ(own_finding(agreed, agreed.now)->doubted, found({}, {1}, {}).doubted)
        << "another agent found that it agrees";
    const State all = having_compared(state, {7, 7, 7, 7});
    EXPECT_TRUE(own_finding(all, all.now)->doubted.empty());
}

TEST(OwnFinding, IsBelievedOfTheOwnMember) {
    const State before = having_compared(hearing(), {7, 8, 7, 7});
    EXPECT_FALSE(ready(before));
    const State state = having_compared(before, {7, silent, 8, 7});
    EXPECT_FALSE(ready(state));
    EXPECT_TRUE(ready(having_compared(state, {7, 7, 8, 7})));
}

// A clock that jumped made it look older than an agreement before it (swarm 2265).
TEST(OwnFinding, ADoubtIsNoOlderThanTheSleepAfterIt) {
    State state = having_compared(hearing(), {7, 8, 7});
    const Instant awake = state.now + hours(1);
    state.wake_at = state.now + seconds(1);
    EXPECT_EQ(own_finding(state, awake)->age, Span{}) << "it has not taken an event since";
    state.wake_at.reset();
    state.facts.slept_at = awake;
    const auto told = own_finding(state, awake + seconds(2));
    ASSERT_TRUE(told);
    EXPECT_EQ(told->age, seconds(2));
    EXPECT_EQ(told->doubted, found({}, {1}, {}).doubted);
    EXPECT_TRUE(told->agreed.empty()) << "another may have been doubted meanwhile";
    State equal = having_compared(hearing(), {7, 7, 7});
    equal.facts.slept_at = awake;
    EXPECT_EQ(own_finding(equal, awake)->age, hours(1)) << "it may have slept";
}

TEST(OwnFinding, IsNoneWhereNobodyWasComparedAmongTheseVoters) {
    EXPECT_FALSE(own_finding(hearing(), test::now));
    EXPECT_FALSE(own_finding(having_compared(hearing(), {7}), test::now));
    State state = having_compared(hearing(), {7, 8, 7});
    ASSERT_TRUE(own_finding(state, state.now));
    state = after(state, MembersSeen{test::list_of(3)});
    state = after(state, MembersSeen{test::list_of(2)});
    EXPECT_FALSE(own_finding(state, state.now)) << "of the voters before";
}

// The facts of journals of releases whose agents told each other nothing stay as they were.
TEST(OwnFinding, IsNotKeptWhereNobodyIsTold) {
    State state = hearing();
    state.facts.settings.policy.peers_wait = {};
    EXPECT_TRUE(having_compared(state, {7, 7, 7}).facts.compared.empty());
}

TEST(WithoutGrowth, AComparisonThatFoundTheSameIsNoNews) {
    const auto without = [](const PeerReported& told) { return without_growth(told.report); };
    EXPECT_EQ(without(agreeing(0, 1, seconds(1))), without(agreeing(0, 2, seconds(2))));
    EXPECT_NE(without(agreeing(0, 1)), without(doubting(0, 1)));
}

// Another may have ended the doubt in between, for whoever heard of that.
TEST(WithoutGrowth, AComparisonThatFindsTheSameDoubtAgainIsNews) {
    const auto without = [](const PeerReported& told) { return without_growth(told.report); };
    EXPECT_NE(without(doubting(0, 1, seconds(1))), without(doubting(0, 2, seconds(2))));
    PeerReported later = doubting(0, 1, seconds(1));
    later.report.content->age = seconds(9);
    EXPECT_EQ(without(doubting(0, 1, seconds(1))), without(later)) << "the same one";
}

}  // namespace
}  // namespace quorate
