// The planner, rule by rule. A view is drawn as one word a member: letter of what it is, then its
// ordinal: V voter, * leader, L learner; small letters after it: q quiet, f failed, s stuck.
#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <sstream>
#include <string>

#include "core/explain.hpp"
#include "core/rules/membership_plan.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

constexpr Version modern{3, 6, 11};
constexpr Version older{3, 5, 29};

struct Extra {
    Version version = modern;
    std::vector<Ordinal> asking = {};
    std::vector<Ordinal> expelling = {};
};

PlannedMember drawn(const std::string& word) {
    PlannedMember member;
    member.health = MemberHealth::serving;
    member.learner = word[0] == 'L';
    member.leader = word[0] == '*';
    const bool stray = word[1] == '?';
    const auto ordinal = static_cast<std::uint32_t>(stray ? 800 : word[1] - '0');
    member.id = test::member_id(ordinal);
    if (!stray) member.ordinal = Ordinal{ordinal};
    for (const char mark : word.substr(2)) {
        if (mark == 'q') member.health = MemberHealth::quiet;
        if (mark == 'f') member.health = MemberHealth::failed;
        if (mark == 's') member.stuck = true;
    }
    return member;
}

PlanView view(std::uint32_t desired, const std::string& picture, const Extra& extra = {}) {
    PlanView view;
    view.desired = desired;
    view.version = extra.version;
    view.asking = extra.asking;
    view.expelling = extra.expelling;
    std::istringstream words(picture);
    for (std::string word; words >> word;)
        view.members.push_back(drawn(word));
    return view;
}

struct Case {
    const char* name;
    RuleId rule;
    PlanKind kind;
    std::uint32_t ordinal;
    PlanView view;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class PlanRow : public testing::TestWithParam<Case> {};

TEST_P(PlanRow, Answers) {
    const Case& one = GetParam();
    const Plan plan = plan_membership(one.view);
    EXPECT_EQ(rule_name(one.rule), rule_name(plan.rule)) << because(plan.rule);
    EXPECT_EQ(one.kind, plan.kind);
    EXPECT_EQ(one.ordinal, plan.ordinal.value);
}

using enum PlanKind;
using enum RuleId;

// clang-format off
const Case cases[] = {
    {"N01_expel_before_all_else",          N01, expel,   2, view(3, "*0 V1 L3", {.expelling = {Ordinal{2}}})},
    {"N02_stray_learner_goes",             N02, remove,  0, view(3, "*0 V1 V2 L?")},
    {"N03_learner_no_longer_desired",      N03, remove,  3, view(3, "*0 V1 V2 L3")},
    {"N04_failed_learner_goes",            N04, remove,  2, view(3, "*0 V1 L2f")},
    {"N04_stuck_learner_goes",             N04, remove,  2, view(3, "*0 V1 L2s")},
    {"N05_learner_first_then_the_lost",    N05, admit,   3, view(4, "*0 V1 V2f L3")},
    {"N05_quiet_learner_is_given_time",    N05, admit,   2, view(3, "*0 V1 L2q")},
    {"N05_no_second_learner",              N05, admit,   3, view(5, "*0 V1 V2 L3", {.asking = {Ordinal{4}}})},
    {"N06_lost_voter_of_three",            N06, remove,  1, view(3, "*0 V1f V2")},
    {"N06_lost_before_surplus",            N06, remove,  1, view(3, "*0 V1f V2 V3")},
    {"N06_highest_lost_first",             N06, remove,  3, view(5, "*0 V1f V2 V3f V4")},
    {"N06_two_voters_one_lost",            N06, remove,  1, view(2, "*0 V1f")},
    {"N07_highest_ordinal_first",          N07, remove,  4, view(3, "*0 V1 V2 V3 V4")},
    {"N07_silent_surplus_goes_too",        N07, remove,  3, view(3, "*0 V1 V2 V3q")},
    {"N07_a_silent_one_when_no_live_may",  N07, remove,  4, view(1, "*1 V2 V3q V4q V5")},
    {"N07_surplus_even_if_asked_for_more", N07, remove,  2, view(1, "*0 V1 V2", {.asking = {Ordinal{4}}})},
    {"N08_no_quorum_no_removal",           N08, wait,    0, view(3, "*0 V1f V2f")},
    {"N08_one_lost_one_quiet_of_three",    N08, wait,    0, view(3, "*0 V1f V2q")},
    {"N08_live_surplus_still_counts",      N08, wait,    0, view(2, "*0 V1q V2")},
    {"N08_the_last_voter_stays",           N08, wait,    0, view(1, "V0f")},
    {"N09_old_release_a_voter_away",       N09, wait,    0, view(5, "*0 V1 V2 V3q", {older, {Ordinal{4}}})},
    {"N09_three_voters_any_release",       N09, wait,    0, view(4, "*0 V1 V2q", {modern, {Ordinal{3}}})},
    {"N10_new_release_a_voter_away",       N10, add,     4, view(5, "*0 V1 V2 V3q", {modern, {Ordinal{4}}})},
    {"N10_old_release_all_there",          N10, add,     3, view(5, "*0 V1 V2", {older, {Ordinal{3}}})},
    {"N10_one_voter_grows",                N10, add,     1, view(3, "*0", {older, {Ordinal{1}, Ordinal{2}}})},
    {"N11_as_desired",                     N11, nothing, 0, view(3, "*0 V1 V2")},
    {"N11_one_is_enough",                  N11, nothing, 0, view(1, "*0")},
    {"N12_a_quiet_voter_is_waited_for",    N12, wait,    0, view(3, "*0 V1 V2q")},
    {"N12_nobody_asks_yet",                N12, wait,    0, view(3, "*0 V1")},
    {"N12_an_undesired_one_asks",          N12, wait,    0, view(3, "*0 V1", {.asking = {Ordinal{3}}})},
    {"N12_a_listed_one_is_not_added",      N12, wait,    0, view(4, "*0 V1 V2", {.asking = {Ordinal{2}}})},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Rules, PlanRow, testing::ValuesIn(cases),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Plan, EachReasonOfThePlannerHasACase) {
    for (auto rule = static_cast<int>(N01); rule <= static_cast<int>(N12); ++rule) {
        bool met = false;
        for (const Case& one : cases)
            met = met || static_cast<int>(one.rule) == rule;
        EXPECT_TRUE(met) << rule_name(static_cast<RuleId>(rule));
        EXPECT_STRNE("not a rule of the planner", because(static_cast<RuleId>(rule)));
    }
}

TEST(Plan, ALostVoterIsToldFromASurplusOne) {
    EXPECT_TRUE(plan_membership(view(3, "*0 V1f V2")).lost);
    EXPECT_FALSE(plan_membership(view(2, "*0 V1 V2")).lost);
}

TEST(Plan, LeadershipMovesToTheLowestThatStaysBeforeTheLeaderGoes) {
    const Plan plan = plan_membership(view(3, "V0q V1 V2 *3"));
    EXPECT_EQ(remove, plan.kind);
    EXPECT_EQ(test::member_id(3), plan.member_id);
    EXPECT_EQ(test::member_id(1), plan.move_leader_to);
}

TEST(Plan, LeadershipMovesEvenWhenTheHeirGoesLater) {
    const Plan plan = plan_membership(view(1, "V1 *2"));
    EXPECT_EQ(test::member_id(2), plan.member_id);
    EXPECT_EQ(test::member_id(1), plan.move_leader_to)
        << "any voter that serves is better than an election";
}

TEST(Plan, LeadershipStaysWhenAnotherOneGoes) {
    EXPECT_EQ(std::nullopt, plan_membership(view(2, "*0 V1 V2")).move_leader_to);
}

TEST(Plan, LeadershipNeverMovesToALearnerOrASilentVoter) {
    const Plan plan = plan_membership(view(3, "V0q V1f V2 V3 *4"));
    ASSERT_EQ(test::member_id(1), plan.member_id);
    const Plan leader = plan_membership(view(4, "V0q V1 V2 V3 *4"));
    EXPECT_EQ(test::member_id(1), leader.move_leader_to);
}

TEST(Plan, ADesiredReplicaIsLetInBeforeTheOnlyVoterMayGo) {
    const Plan plan = plan_membership(view(1, "*1", {.asking = {Ordinal{0}}}));
    EXPECT_EQ(add, plan.kind) << because(plan.rule);
    EXPECT_EQ(0U, plan.ordinal.value);
}

}  // namespace
}  // namespace quorate
