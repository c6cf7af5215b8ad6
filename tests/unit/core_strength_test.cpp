// How surely each thing is known, and what destroys without knowing it well enough (S12).
#include <gtest/gtest.h>

#include "core/invariants.hpp"
#include "core/rules/needs.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

Strength strength(const State& state, Subject subject) {
    return evidence_of(state, subject).strength;
}

TEST(Members, AreKnownByAListThatNothingHasOvertaken) {
    State state = test::state();
    EXPECT_EQ((Evidence{Strength::linearizable, state.facts.list_at}),
              evidence_of(state, Subject::members));
    state.facts.list_current = false;
    EXPECT_EQ(Strength::cached, strength(state, Subject::members));
    state.facts.own_list = state.facts.list;
    EXPECT_EQ(Strength::own_etcd, strength(state, Subject::members));
    state.facts.probes[Ordinal{0}].status = MemberStatus{};
    EXPECT_EQ(Strength::cached, strength(state, Subject::members)) << "its etcd is gone";
    state.facts.list.reset();
    EXPECT_EQ(Evidence{}, evidence_of(state, Subject::members));
}

TEST(Content, OfVotersIsKnownByAMajorityOfHashes) {
    State state = test::state();
    EXPECT_EQ(Evidence{}, evidence_of(state, Subject::content)) << "never compared";
    state.facts.judged = {HashVerdict::minority, 3, test::now - seconds(7)};
    EXPECT_EQ((Evidence{Strength::quorum_confirmed, test::now - seconds(7)}),
              evidence_of(state, Subject::content));
    state.facts.judged.verdict = HashVerdict::undecided;
    EXPECT_EQ(Strength::cached, strength(state, Subject::content));
    state.facts.judged = {};
    state.facts.list = test::list_of(1);
    EXPECT_EQ(Strength::quorum_confirmed, strength(state, Subject::content))
        << "the only voter differs from nobody";
}

TEST(Content, OfALearnerIsKnownWhenItWasComparedWithItsLeader) {
    State state = test::state();
    state.facts.judged = {HashVerdict::equal, 3, test::now};
    state.repair.phase = RepairPhase::catching_up;
    state.repair.ordinal = Ordinal{2};
    state.repair.member_id = test::member_id(2);
    EXPECT_EQ(Strength::unknown, strength(state, Subject::content)) << "that of voters is another";
    state.repair.goal = Revision{400};
    ContentCompared& compared = state.facts.content.emplace();
    for (const std::uint32_t one : {0U, 2U}) {
        ContentHash& hash = compared.hashes[Ordinal{one}];
        hash.answered = true;
        hash.revision = Revision{490};
    }
    state.facts.content_at = state.now;
    EXPECT_EQ(Strength::quorum_confirmed, strength(state, Subject::content));
    state.now = state.now + minutes(1);
    EXPECT_EQ(Strength::cached, strength(state, Subject::content)) << "too long ago";
}

TEST(Volume, IsKnownWhileNothingRunsOnIt) {
    State state = test::state();
    EXPECT_EQ(Strength::unknown, strength(state, Subject::volume));
    state.facts.disk = test::disk();
    state.facts.disk->in_use = true;
    EXPECT_EQ(Strength::unknown, strength(state, Subject::volume)) << "a look from beside";
    state.facts.disk->in_use = false;
    EXPECT_EQ((Evidence{Strength::own_disk, state.facts.examined_at}),
              evidence_of(state, Subject::volume));
    state.facts.disk.reset();
    state.facts.etcd_running = false;
    state.facts.last_exit = ChildExit{};
    EXPECT_EQ(Strength::own_etcd, strength(state, Subject::volume));
}

TEST(Record, IsACopyThatEveryWriteCompares) {
    State state = test::state();
    EXPECT_EQ(Strength::cached, strength(state, Subject::record));
    state.facts.record.reset();
    EXPECT_EQ(Strength::unknown, strength(state, Subject::record));
}

const MustKnow* unmet(const State& state, CommandBody body) { return unmet_need(state, body); }

TEST(Needs, MembersAreChangedOnALinearizableList) {
    State state = test::state();
    const CommandBody changes[] = {RemoveMember{}, AddLearner{}, MoveLeader{}, DisarmNospace{}};
    for (const CommandBody& change : changes)
        EXPECT_EQ(nullptr, unmet(state, change)) << name_of(change);
    state.facts.own_list = state.facts.list;
    state.facts.list_current = false;
    for (const CommandBody& change : changes) {
        ASSERT_NE(nullptr, unmet(state, change)) << name_of(change);
        EXPECT_EQ(Subject::members, unmet(state, change)->subject) << name_of(change);
    }
}

TEST(Needs, NobodyIsPromotedOrCleanedOfSuspicionUnseen) {
    State state = test::state();
    for (const CommandBody& change : {CommandBody{PromoteMember{}}, CommandBody{DisarmCorrupt{}}}) {
        ASSERT_NE(nullptr, unmet(state, change)) << name_of(change);
        EXPECT_EQ(Subject::content, unmet(state, change)->subject) << name_of(change);
    }
    state.facts.judged = {HashVerdict::equal, 3, test::now};
    EXPECT_EQ(nullptr, unmet(state, DisarmCorrupt{}));
}

TEST(Needs, DataIsMovedOnlyByWhatWasReadOfIt) {
    State state = test::state();
    EXPECT_NE(nullptr, unmet(state, SetAsideData{})) << "etcd runs on it";
    state.facts.etcd_running = false;
    state.facts.last_exit = ChildExit{};
    EXPECT_EQ(nullptr, unmet(state, SetAsideData{})) << "etcd itself condemned it";
    EXPECT_EQ(nullptr, unmet(state, RebuildEtcd{}));
    state.facts.record.reset();
    EXPECT_NE(nullptr, unmet(state, RebuildEtcd{})) << "nothing says whose data it is";
}

TEST(Needs, WhatCanBeDoneAgainNeedsNone) {
    const State blind;
    for (const CommandBody& body :
         {CommandBody{ExamineDisk{}}, CommandBody{ListMembers{}}, CommandBody{CompareContent{}}})
        EXPECT_EQ(nullptr, unmet(blind, body)) << name_of(body);
}

TEST(Invariant, ACommandThatKnowsTooLittleIsFound) {
    State state = test::state();
    state.facts.list_current = false;
    Decision decision;
    decision.commands.push_back({CommandId{1}, test::now, DisarmCorrupt{Ordinal{0}, Fence{6}, {}}});
    InvariantCounts counts;
    const auto found = violations(state, decision, counts);
    ASSERT_EQ(1U, found.size());
    EXPECT_EQ("S12", found[0].id);
    EXPECT_EQ("DisarmCorrupt: needs to know the members linearizable, and knows it cached",
              found[0].what);
    EXPECT_EQ(1U, counts.evidence);
}

}  // namespace
}  // namespace quorate
