// Laws of the planner, over generated views and over every small one.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "core/explain.hpp"
#include "core/rules/backoff.hpp"
#include "core/rules/recovery_plan.hpp"
#include "tests/property/core_plan_reference.hpp"

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

using rc::gen::arbitrary;
using rc::gen::element;
using rc::gen::inRange;

std::string picture(const PlanView& view) {
    std::ostringstream out;
    showValue(view, out);
    return out.str();
}

rc::Gen<Version> versions() {
    return element(Version{3, 4, 23}, Version{3, 5, 29}, Version{3, 5, 30}, Version{3, 6, 10},
                   Version{3, 6, 11});
}

// Up to seven members of distinct ordinals, at most one learner (etcd's limit), one leader at most.
PlanView any_view(bool strays) {
    PlanView view;
    view.desired = *inRange<std::uint32_t>(1, 8);
    view.version = *versions();
    const auto present = *inRange<std::uint32_t>(1, 1U << 8);
    const auto learner = *inRange<std::uint32_t>(0, 12);
    for (std::uint32_t i = 0; i < 8 && view.members.size() < 7; ++i) {
        if ((present >> i & 1) == 0) continue;
        PlannedMember member;
        member.id = MemberId{100 + i};
        member.ordinal = Ordinal{i};
        member.health = *rc::gen::weightedElement<MemberHealth>(
            {{6, MemberHealth::serving}, {2, MemberHealth::quiet}, {2, MemberHealth::failed}});
        member.learner = i == learner;
        member.stuck = member.learner && *arbitrary<bool>();
        if (strays && *inRange(0, 12) == 0) member.ordinal.reset();
        view.members.push_back(member);
    }
    const auto leader = *inRange<std::size_t>(0, view.members.size());
    PlannedMember& chosen = view.members[leader];
    chosen.leader = !chosen.learner && chosen.health == MemberHealth::serving;
    const auto asking = *inRange<std::uint32_t>(0, 1U << 8);
    for (std::uint32_t i = 0; i < 8; ++i)
        if ((asking >> i & 1) != 0 && (present >> i & 1) == 0) view.asking.push_back(Ordinal{i});
    if (*inRange(0, 8) == 0) view.expelling.push_back(Ordinal{*inRange<std::uint32_t>(0, 8)});
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
    RC_TAG(rule_name(plan.rule));
    expect_no_objection(view);
}

RC_GTEST_PROP(PlanLaw, TheSameViewHasTheSamePlan, ()) {
    const PlanView view = any_view(true);
    RC_ASSERT(plan_membership(view) == plan_membership(view));
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
            RC_CLASSIFY(steps > 20, "more than 20 changes");
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
    RC_CLASSIFY(ref.voters() > view.desired, "shrinks");
    RC_CLASSIFY(ref.voters() < view.desired, "grows");
    RC_CLASSIFY(ref.live_voters() < ref.voters(), "a voter is away");
    RC_CLASSIFY(ref.learners() == 1, "with a learner");
    follow(view);
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

RC_GTEST_PROP(BackoffLaw, NeverShortensAndStaysWithinItsBounds, ()) {
    const Span min{*inRange<std::int64_t>(1, 10'000'000)};
    const Span max{min.us + *inRange<std::int64_t>(0, 100'000'000)};
    const auto failures = *inRange<std::uint32_t>(0, 1000);
    const Span now = backoff({min, max}, failures);
    const Span next = backoff({min, max}, failures + 1);
    RC_ASSERT(min <= now);
    RC_ASSERT(now <= next);
    RC_ASSERT(next <= max);
}

ClusterRecord any_record() {
    ClusterRecord record;
    record.stage = RecordStage::formed;
    const auto replicas = *inRange<std::uint32_t>(1, 8);
    for (std::uint32_t i = 0; i < replicas; ++i) {
        ReplicaEntry& entry = record.replicas[Ordinal{i}];
        const auto position = [] {
            return LogPosition{Term{*inRange<std::uint64_t>(1, 4)},
                               LogIndex{*inRange<std::uint64_t>(1, 50)}};
        };
        entry.member_id = MemberId{*element<std::uint64_t>(0, 100 + i)};
        entry.high_water = position();
        entry.high_water_final = *arbitrary<bool>();
        if (*arbitrary<bool>()) entry.surviving = position();
        if (*arbitrary<bool>()) entry.claim = VolumeClaim::wants_admission;
    }
    return record;
}

RC_GTEST_PROP(RecoveryLaw, TheSurvivorIsNeverBehindAnother, ()) {
    const ClusterRecord record = any_record();
    const auto plan = plan_recovery(record);
    RC_CLASSIFY(!plan, "no survivor");
    RC_PRE(plan.has_value());
    RC_CLASSIFY(plan->may_lose, "may lose");
    const Survivor best = plan->survivors.front();
    for (const auto& [ordinal, entry] : record.replicas) {
        if (entry.member_id.value == 0 || !entry.surviving) continue;
        RC_ASSERT(*entry.surviving <= best.position);
        if (*entry.surviving == best.position) RC_ASSERT(best.ordinal <= ordinal);
    }
}

RC_GTEST_PROP(RecoveryLaw, NothingLostMeansThatNoMarkIsAheadOfTheSurvivor, ()) {
    const ClusterRecord record = any_record();
    const auto plan = plan_recovery(record);
    RC_PRE(plan.has_value());  // on its own: RC_PRE evaluates both sides of &&
    RC_PRE(!plan->may_lose);
    for (const auto& [ordinal, entry] : record.replicas) {
        RC_ASSERT(entry.high_water <= plan->survivors.front().position);
        if (entry.member_id.value != 0 && !entry.surviving) RC_ASSERT(entry.high_water_final);
    }
}

RC_GTEST_PROP(RecoveryLaw, TheTokenIsOfExactlyThisPlan, ()) {
    const auto one = plan_recovery(any_record());
    const auto other = plan_recovery(any_record());
    RC_PRE(one && other);
    const bool same = one->survivors == other->survivors && one->gone == other->gone;
    RC_ASSERT(same == (one->token == other->token));
}

}  // namespace
}  // namespace quorate
