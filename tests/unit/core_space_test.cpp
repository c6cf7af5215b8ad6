// Room after NOSPACE: compact, defragment one at a time with the leader last, look at the sizes,
// disarm; and never where that would take a second member away (S13, etcd facts 9).
#include <gtest/gtest.h>

#include "core/rules/signals.hpp"
#include "core/rules/space.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using test::is;

constexpr Bytes quota{100U << 20};

void size_is(State& state, std::uint32_t replica, std::uint64_t file_mib, std::uint64_t used_mib) {
    ProbeFact& probe = state.facts.probes[Ordinal{replica}];
    probe.status.db_size = Bytes{file_mib << 20};
    probe.status.db_size_in_use = Bytes{used_mib << 20};
    probe.at = state.now;
}

// Replica 0 leads, has authority, and every member's file is full.
State full(SpacePhase phase = SpacePhase::wanting) {
    State state = test::state();
    state.facts.settings.quota = quota;
    state.space.phase = phase;
    state.space.compacting_at = Revision{4000};
    for (const std::uint32_t one : {0U, 1U, 2U}) {
        state.facts.probes[Ordinal{one}].status.alarm_nospace = true;
        state.facts.probes[Ordinal{one}].status.revision = Revision{5000};
        size_is(state, one, 100, 30);
    }
    return state;
}

State defragmented(std::uint64_t file_mib) {
    State state = full(SpacePhase::defragmenting);
    state.space.compactions = 1;
    for (const std::uint32_t one : {0U, 1U, 2U})
        state.space.defragmented[Ordinal{one}] = state.now;
    state.now = state.now + seconds(1);
    for (const std::uint32_t one : {0U, 1U, 2U})
        size_is(state, one, file_mib, file_mib);
    return state;
}

TEST(ReadSpace, AnAlarmOfAnyMemberIsNoticed) {
    State state = test::state();
    EXPECT_EQ(std::nullopt, read_space(state));
    state.facts.probes[Ordinal{2}].status.alarm_nospace = true;
    EXPECT_TRUE(is<signal::short_of_space>(read_space(state)));
}

TEST(ReadSpace, TheFirstCompactionLeavesWatchesTheirRevisionsTheSecondDoesNot) {
    State state = full();
    EXPECT_EQ(Revision{4000}, std::get<signal::may_compact>(*read_space(state)).at);
    state.space.compactions = 1;
    EXPECT_EQ(Revision{5000}, std::get<signal::may_compact>(*read_space(state)).at);
}

TEST(ReadSpace, AFileThatGrewAgainIsNotDisarmedASecondTime) {
    State state = defragmented(80);
    state.space.phase = SpacePhase::disarming;
    EXPECT_TRUE(is<signal::has_room>(read_space(state)));
    size_is(state, 2, 81, 80);
    EXPECT_TRUE(is<signal::still_full>(read_space(state)));
}

TEST(ReadSpace, NothingIsDoneWithoutAuthority) {
    State state = full();
    state.authority.phase = AuthorityPhase::without;
    EXPECT_EQ(std::nullopt, read_space(state));
    for (const SpacePhase phase :
         {SpacePhase::compacting, SpacePhase::defragmenting, SpacePhase::disarming}) {
        state.space.phase = phase;
        EXPECT_TRUE(is<signal::let_go>(read_space(state)));
    }
}

TEST(ReadSpace, NothingIsDoneWhileAMemberIsAwayOrLearnsOrAChangeIsUnderWay) {
    for (const SpacePhase phase : {SpacePhase::wanting, SpacePhase::compacting,
                                   SpacePhase::defragmenting, SpacePhase::disarming}) {
        State away = full(phase);
        away.facts.probes[Ordinal{1}].status.serves = false;
        EXPECT_EQ(std::nullopt, read_space(away));
        State learns = full(phase);
        learns.facts.list->members[1].learner = true;
        EXPECT_EQ(std::nullopt, read_space(learns));
        State repairs = full(phase);
        repairs.repair.phase = RepairPhase::removing;
        EXPECT_EQ(std::nullopt, read_space(repairs));
        State corrupt = full(phase);
        corrupt.facts.probes[Ordinal{1}].status.alarm_corrupt = true;
        EXPECT_EQ(std::nullopt, read_space(corrupt)) << "the alarm that goes last decides";
    }
}

TEST(ReadSpace, FollowersAreDefragmentedBeforeTheLeaderAndOneAtATime) {
    State state = full(SpacePhase::defragmenting);
    EXPECT_EQ(Ordinal{1}, std::get<signal::fragmented>(*read_space(state)).replica);
    state.space.defragmented[Ordinal{1}] = state.now;
    EXPECT_EQ(Ordinal{2}, std::get<signal::fragmented>(*read_space(state)).replica);
    state.in_flight[CommandId{21}] = {CommandId{21}, state.now + minutes(5),
                                      Defragment{Ordinal{2}, Fence{6}}};
    EXPECT_EQ(std::nullopt, read_space(state));
    state.in_flight.erase(CommandId{21});
    state.space.defragmented[Ordinal{2}] = state.now;
    EXPECT_EQ(Ordinal{0}, std::get<signal::fragmented>(*read_space(state)).replica);
}

TEST(ReadSpace, TheAlarmIsDisarmedOnlyWhenEveryFileTakesAtMostFourFifths) {
    EXPECT_TRUE(is<signal::has_room>(read_space(defragmented(80))));
    State state = defragmented(30);
    size_is(state, 2, 81, 30);
    EXPECT_TRUE(is<signal::still_full>(read_space(state)));
}

TEST(ReadSpace, SizesFromBeforeTheDefragmentationSayNothing) {
    State state = defragmented(30);
    state.space.defragmented[Ordinal{2}] = state.now;
    EXPECT_EQ(std::nullopt, read_space(state));
}

TEST(ReadSpace, WhatIsStillFullAfterTheSecondCompactionParksUntilSomebodyDeletes) {
    State state = defragmented(90);
    state.space.compactions = 2;
    const auto signal = read_space(state);
    ASSERT_TRUE(is<signal::nothing_helps>(signal));
    EXPECT_NE(std::get<signal::nothing_helps>(*signal).why.find("90 MiB of 100 MiB"),
              std::string::npos);
    state.space.phase = SpacePhase::parked;
    state.space.compacting_at = Revision{5000};
    EXPECT_EQ(std::nullopt, read_space(state));
    for (const std::uint32_t one : {0U, 1U, 2U})
        size_is(state, one, 90, 40);
    EXPECT_TRUE(is<signal::has_room>(read_space(state)));
}

TEST(ReadSpace, WhatIsDeletedWhileParkedIsNoticedByItsRevision) {
    State state = full(SpacePhase::parked);
    for (const std::uint32_t one : {0U, 1U, 2U})
        size_is(state, one, 90, 90);
    state.space.compacting_at = Revision{5000};
    state.space.since = state.now;
    state.now = state.now + state.facts.settings.policy.hash_check_period;
    EXPECT_EQ(std::nullopt, read_space(state));
    state.facts.probes[Ordinal{1}].status.revision = Revision{5001};
    EXPECT_TRUE(is<signal::has_room>(read_space(state)));
    state.space.since = state.now;
    EXPECT_EQ(std::nullopt, read_space(state)) << "each try takes every member away for a while";
}

TEST(ReadSpace, AMemberThatIsDefragmentedIsNotGivenUpForItsSilence) {
    State state = full(SpacePhase::defragmenting);
    MemberState& member = state.members[test::member_id(2)];
    member = {MemberPhase::suspect, Ordinal{2}, state.now};
    test::probe(state, 2, {});
    state.now = state.now + state.facts.settings.policy.unresponsive_after;
    EXPECT_NE(std::nullopt, read_member(state, test::member_id(2)));
    state.in_flight[CommandId{21}] = {CommandId{21}, state.now + minutes(5),
                                      Defragment{Ordinal{2}, Fence{6}}};
    EXPECT_EQ(std::nullopt, read_member(state, test::member_id(2)));
}

TEST(Space, IsWorkBesideTheLeaderOrForWhoHasBegun) {
    State state = full();
    EXPECT_TRUE(space_is_work(state));
    state.facts.settings.self = Ordinal{1};
    EXPECT_FALSE(space_is_work(state));
    state.space.phase = SpacePhase::defragmenting;
    EXPECT_TRUE(space_is_work(state)) << "the leader may change while it is defragmented";
    state.space.phase = SpacePhase::parked;
    EXPECT_FALSE(space_is_work(state));
}

}  // namespace
}  // namespace quorate
