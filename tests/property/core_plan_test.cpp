// Laws of the planner, over generated views and over every small one.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/explain.hpp"
#include "tests/property/core_plan_reference.hpp"
#include "tests/property/law.hpp"

namespace quorate {

void showValue(const PlanView& view, std::ostream& out) {
    out << "desired " << view.desired << ":";
    for (const PlannedMember& member : view.members) {
        out << (member.learner ? " L" : member.leader ? " *" : " V");
        if (member.ordinal)
            out << member.ordinal->value;
        else
            out << "?";
        out << (member.health == MemberHealth::serving  ? ""
                : member.health == MemberHealth::failed ? "f"
                                                        : "q");
        if (member.stuck) out << "s";
    }
    out << " asking";
    for (const Ordinal ordinal : view.asking)
        out << " " << ordinal.value;
    out << " expelling";
    for (const Ordinal ordinal : view.expelling)
        out << " " << ordinal.value;
}

namespace {

using test::below;
using test::classify;
using test::coin;
using test::one_in;

std::string picture(const PlanView& view) {
    std::ostringstream out;
    showValue(view, out);
    return out.str();
}

Version any_version() {
    static const std::vector<Version> all = {{3, 4, 23}, {3, 5, 29}, {3, 5, 30},
                                             {3, 6, 10}, {3, 6, 11}, {3, 7, 3}};
    return test::one_of(all);
}

// Up to seven members of distinct ordinals, at most one learner (etcd's limit), one leader at most.
PlanView any_view(bool strays) {
    PlanView view;
    view.desired = 1 + below(7);
    view.version = any_version();
    const std::uint32_t present = 1 + below((1U << 8) - 1);
    const std::uint32_t learner = below(12);
    for (std::uint32_t i = 0; i < 8 && view.members.size() < 7; ++i) {
        if ((present >> i & 1) == 0) continue;
        PlannedMember member;
        member.id = MemberId{100 + i};
        member.ordinal = Ordinal{i};
        static const std::vector<MemberHealth> healths = {
            MemberHealth::serving, MemberHealth::serving, MemberHealth::serving,
            MemberHealth::quiet, MemberHealth::failed};
        member.health = test::one_of(healths);
        member.learner = i == learner;
        member.stuck = member.learner && coin();
        if (strays && one_in(12)) member.ordinal.reset();
        view.members.push_back(member);
    }
    PlannedMember& chosen = view.members[below(static_cast<std::uint32_t>(view.members.size()))];
    chosen.leader = !chosen.learner && chosen.health == MemberHealth::serving;
    const std::uint32_t asking = below(1U << 8);
    for (std::uint32_t i = 0; i < 8; ++i)
        if ((asking >> i & 1) != 0 && (present >> i & 1) == 0) view.asking.push_back(Ordinal{i});
    if (one_in(8)) view.expelling.push_back(Ordinal{below(8)});
    return view;
}

void expect_no_objection(const PlanView& view) {
    const Plan plan = plan_membership(view);
    if (const char* why = test::objection(view, plan))
        RC_FAIL(picture(view) + ": " + rule_name(plan.rule) + ": " + why);
    if (const char* why = test::leadership_objection(view, plan))
        RC_FAIL(picture(view) + ": " + rule_name(plan.rule) + ": " + why);
}

RC_GTEST_PROP(PlanLaw, EveryPlanIsSafeAndNoneIsLeftUndone, ()) {
    const PlanView view = any_view(true);
    const Plan plan = plan_membership(view);
    for (const RuleId rule : {RuleId::N02, RuleId::N03, RuleId::N04, RuleId::N05, RuleId::N06,
                              RuleId::N07, RuleId::N08, RuleId::N09, RuleId::N10, RuleId::N11})
        classify(plan.rule == rule, rule_name(rule));
    expect_no_objection(view);
}

bool as_desired(const PlanView& view) {
    if (view.members.size() != view.desired) return false;
    for (std::uint32_t i = 0; i < view.desired; ++i)
        if (!test::Reference{view}.listed(Ordinal{i})) return false;
    return test::Reference{view}.live_voters() == view.desired;
}

// From any cluster that has its quorum, one change after the other, to the desired replicas.
void follow(PlanView view) {
    std::uint64_t fresh = 1000;
    const std::string start = picture(view);
    for (int steps = 0; steps < 100; ++steps) {
        const Plan plan = plan_membership(view);
        if (plan.kind == PlanKind::nothing) {
            classify(steps > 20, "more than 20 changes");
            if (!as_desired(view)) RC_FAIL(start + " rests at " + picture(view));
            return;
        }
        expect_no_objection(view);
        const bool had_quorum = test::Reference{view}.has_quorum();
        if (plan.kind == PlanKind::wait) {
            if (!test::let_time_pass(view))
                RC_FAIL(start + " waits for ever at " + picture(view) + ": " + because(plan.rule));
        } else {
            test::carry_out(view, plan, MemberId{++fresh});
        }
        const test::Reference after{view};
        if (had_quorum && !after.has_quorum()) RC_FAIL(start + " lost quorum at " + picture(view));
        if (after.learners() > 1) RC_FAIL(start + " has two learners at " + picture(view));
        if (after.voters() == 0) RC_FAIL(start + " has no voter left");
    }
    RC_FAIL(start + " does not come to rest: " + picture(view));
}

RC_GTEST_PROP(PlanLaw, FollowedStepByStepItEndsAtTheDesiredReplicas, ()) {
    const PlanView view = any_view(false);
    const test::Reference ref{view};
    RC_PRE(ref.has_quorum());
    classify(ref.voters() > view.desired, "shrinks");
    classify(ref.voters() < view.desired, "grows");
    classify(ref.live_voters() < ref.voters(), "a voter is away");
    classify(ref.learners() == 1, "with a learner");
    follow(view);
}

// Where no replica falls ill, gets well or keeps anybody waiting, the planner's own steps lead to
// the desired replicas exactly when some sequence of legal steps does.
bool leads_there(PlanView view, std::uint32_t up) {
    std::uint64_t fresh = 1000;
    for (int steps = 0; steps < 100; ++steps) {
        if (test::is_reached(view)) return true;
        const Plan plan = plan_membership(view);
        if (plan.kind == PlanKind::nothing || plan.kind == PlanKind::wait) return false;
        const PlannedMember* member = test::Reference{view}.find(plan.member_id);
        if (plan.kind == PlanKind::admit && member->health != MemberHealth::serving) return false;
        test::carry_out(view, plan, MemberId{++fresh});
        test::ask(view, up);
    }
    RC_FAIL("does not come to rest: " + picture(view));
}

RC_GTEST_PROP(PlanLaw, ReachesWhatAnyLegalSequenceReaches, ()) {
    PlanView view = any_view(false);
    std::erase_if(view.members, [](const auto& member) { return member.ordinal->value > 4; });
    std::erase_if(view.asking, [](Ordinal ordinal) { return ordinal.value > 4; });
    view.expelling.clear();
    // Silence does not last: it ends, or the member counts as failed.
    for (PlannedMember& member : view.members)
        if (member.health == MemberHealth::quiet) member.health = MemberHealth::failed;
    view.desired = std::min(view.desired, 5U);
    RC_PRE(test::Reference{view}.has_quorum());
    const std::uint32_t up = below(1U << 5);
    const bool possible = test::can_be_reached(view, up);
    classify(possible, "can be reached");
    classify(!possible, "cannot be reached");
    classify(possible && !test::is_reached(view), "by some changes");
    if (leads_there(view, up) != possible)
        RC_FAIL(picture(view) +
                (possible ? ": a way is missed" : ": goes where no legal way goes"));
}

// ---- the same cluster under other names

RC_GTEST_PROP(PlanLaw, OtherIdsInAnotherOrderAreTheSamePlan, ()) {
    const PlanView view = any_view(true);
    PlanView other = view;
    const auto renamed = [](MemberId id) { return MemberId{id.value * 7919 % 1009}; };
    for (PlannedMember& member : other.members)
        member.id = renamed(member.id);
    std::rotate(other.members.begin(),
                other.members.begin() + below(static_cast<std::uint32_t>(view.members.size())),
                other.members.end());
    Plan plan = plan_membership(view);
    classify(plan.kind == PlanKind::remove, "a removal");
    classify(plan.move_leader_to.has_value(), "leadership moves");
    if (plan.member_id.value != 0) plan.member_id = renamed(plan.member_id);
    if (plan.move_leader_to) plan.move_leader_to = renamed(*plan.move_leader_to);
    RC_ASSERT(plan_membership(other) == plan);
}

// Which of the desired replicas has which number makes no difference to what is done, only to whom
// among equals. Those beyond keep their order: the highest goes first.
RC_GTEST_PROP(PlanLaw, DesiredReplicasMayChangeTheirNumbers, ()) {
    const PlanView view = any_view(true);
    std::vector<std::uint32_t> to(8);
    for (std::uint32_t i = 0; i < 8; ++i)
        to[i] = i < view.desired ? i : 2 * i;
    const std::uint32_t swaps = below(5);
    for (std::uint32_t left = swaps; left > 0; --left)
        std::swap(to[below(view.desired)], to[below(view.desired)]);
    PlanView other = view;
    for (PlannedMember& member : other.members)
        if (member.ordinal) member.ordinal = Ordinal{to[member.ordinal->value]};
    for (auto* ordinals : {&other.asking, &other.expelling})
        for (Ordinal& ordinal : *ordinals)
            ordinal = Ordinal{to[ordinal.value]};
    std::sort(other.asking.begin(), other.asking.end());
    const Plan plan = plan_membership(view);
    const Plan same = plan_membership(other);
    classify(swaps == 0, "in the same order");
    classify(swaps > 0, "in another order");
    RC_ASSERT(plan.kind == same.kind);
    RC_ASSERT(plan.rule == same.rule);
    RC_ASSERT(plan.lost == same.lost);
    RC_ASSERT(plan.move_leader_to.has_value() == same.move_leader_to.has_value());
    if (swaps == 0) RC_ASSERT(plan.member_id == same.member_id);
}

// Every view of up to five voters and one learner: nothing is left to luck.
PlanView small_view(std::uint32_t voters, std::uint32_t healths, std::uint32_t first) {
    PlanView view;
    for (std::uint32_t i = 0; i < voters; ++i, healths /= 3) {
        PlannedMember member;
        member.id = MemberId{100 + i};
        member.ordinal = Ordinal{first + i};
        member.health = static_cast<MemberHealth>(healths % 3);
        view.members.push_back(member);
    }
    return view;
}

std::uint32_t power_of_3(std::uint32_t n) { return n == 0 ? 1 : 3 * power_of_3(n - 1); }

// Calls `visit` with every variant of `view`: who leads, whether there is a learner and how it is,
// how many are desired, which release, and whether everybody else asks.
template <class Visit>
void each_variant(const PlanView& base, std::uint32_t first, Visit visit) {
    const auto voters = static_cast<std::uint32_t>(base.members.size());
    for (std::uint32_t variant = 0; variant < (voters + 1) * 5 * 5 * 2 * 2; ++variant) {
        PlanView view = base;
        std::uint32_t rest = variant;
        const auto take = [&](std::uint32_t n) {
            const std::uint32_t value = rest % n;
            rest /= n;
            return value;
        };
        const std::uint32_t leader = take(voters + 1);
        const std::uint32_t learner = take(5);
        view.desired = 1 + take(5);
        view.version = take(2) == 0 ? Version{3, 5, 29} : Version{3, 6, 11};
        const bool asking = take(2) == 1;
        if (leader < voters) view.members[leader].leader = true;
        if (leader < voters && view.members[leader].health != MemberHealth::serving) continue;
        if (learner > 0) {
            PlannedMember member;
            member.id = MemberId{200};
            member.ordinal = Ordinal{first + voters};
            member.learner = true;
            member.stuck = learner == 4;
            member.health = static_cast<MemberHealth>((learner - 1) % 3);
            view.members.push_back(member);
        }
        for (std::uint32_t i = 0; asking && i < 6; ++i)
            if (!test::Reference{view}.listed(Ordinal{i})) view.asking.push_back(Ordinal{i});
        visit(view);
    }
}

TEST(PlanLaw, HoldsForEveryViewOfUpToFiveVoters) {
    std::size_t views = 0;
    for (std::uint32_t voters = 1; voters <= 5; ++voters)
        for (std::uint32_t healths = 0; healths < power_of_3(voters); ++healths)
            for (std::uint32_t first = 0; first <= 1; ++first)
                each_variant(small_view(voters, healths, first), first, [&](const PlanView& view) {
                    ++views;
                    const Plan plan = plan_membership(view);
                    const char* why = test::objection(view, plan);
                    if (why == nullptr) why = test::leadership_objection(view, plan);
                    ASSERT_EQ(nullptr, why)
                        << picture(view) << ": " << rule_name(plan.rule) << ": " << why;
                });
    EXPECT_GT(views, 100'000U);
}

}  // namespace
}  // namespace quorate
