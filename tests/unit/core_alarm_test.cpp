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

}  // namespace
}  // namespace quorate
