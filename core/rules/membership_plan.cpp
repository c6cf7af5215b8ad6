#include "core/rules/membership_plan.hpp"

#include <algorithm>

#include "core/rules/etcd_versions.hpp"
#include "core/rules/quorum.hpp"

namespace quorate {
namespace {

bool serving_voter(const PlannedMember& member) {
    return !member.learner && member.health == MemberHealth::serving;
}

std::size_t voters_of(const PlanView& view) {
    return static_cast<std::size_t>(std::count_if(view.members.begin(), view.members.end(),
                                                  [](const auto& m) { return !m.learner; }));
}

std::size_t serving_without(const PlanView& view, MemberId id) {
    return static_cast<std::size_t>(
        std::count_if(view.members.begin(), view.members.end(),
                      [&](const auto& m) { return serving_voter(m) && m.id != id; }));
}

bool surplus(const PlanView& view, const PlannedMember& member) {
    return member.ordinal && member.ordinal->value >= view.desired;
}

Plan waiting(RuleId why) { return Plan{PlanKind::wait, why, {}, {}, false, {}}; }

Plan about(PlanKind kind, RuleId why, const PlannedMember& member) {
    return Plan{kind, why, member.ordinal.value_or(Ordinal{}), member.id, false, {}};
}

std::optional<Plan> continue_learner(const PlanView& view) {
    for (const PlannedMember& member : view.members) {
        if (!member.learner) continue;
        if (!member.ordinal) return about(PlanKind::remove, RuleId::N02, member);
        if (surplus(view, member)) return about(PlanKind::remove, RuleId::N03, member);
        if (member.health == MemberHealth::failed || member.stuck)
            return about(PlanKind::remove, RuleId::N04, member);
        return about(PlanKind::admit, RuleId::N05, member);
    }
    return std::nullopt;
}

Plan removal(const PlanView& view, const PlannedMember& member, RuleId why) {
    const std::size_t voters = voters_of(view);
    if (!removal_keeps_quorum(voters, serving_without(view, member.id)))
        return waiting(RuleId::N08);
    Plan plan = about(PlanKind::remove, why, member);
    plan.lost = why == RuleId::N06;
    if (member.leader) plan.move_leader_to = heir_of(view, member.id);
    return plan;
}

// The highest ordinal goes first, as the StatefulSet controller does. A voter whose peer URL is
// none of ours is left to a person.
const PlannedMember* highest(const PlanView& view,
                             bool (*applies)(const PlanView&, const PlannedMember&)) {
    const PlannedMember* found = nullptr;
    for (const PlannedMember& member : view.members) {
        if (member.learner || !member.ordinal || !applies(view, member)) continue;
        if (found == nullptr || *found->ordinal < *member.ordinal) found = &member;
    }
    return found;
}

bool is_lost(const PlanView&, const PlannedMember& member) {
    return member.health == MemberHealth::failed;
}

// A silent voter may go where a live one must stay.
bool removable_surplus(const PlanView& view, const PlannedMember& member) {
    return surplus(view, member) &&
           removal_keeps_quorum(voters_of(view), serving_without(view, member.id));
}

std::optional<Plan> grow(const PlanView& view) {
    for (const Ordinal ordinal : view.asking) {
        if (ordinal.value >= view.desired) continue;
        const bool listed = std::any_of(view.members.begin(), view.members.end(),
                                        [&](const auto& m) { return m.ordinal == ordinal; });
        if (listed) continue;
        if (!may_add_member(view.version, voters_of(view), serving_without(view, MemberId{})))
            return waiting(RuleId::N09);
        return Plan{PlanKind::add, RuleId::N10, ordinal, {}, false, {}};
    }
    return std::nullopt;
}

bool as_desired(const PlanView& view) {
    return view.members.size() == view.desired &&
           std::all_of(view.members.begin(), view.members.end(), serving_voter);
}

}  // namespace

Plan plan_membership(const PlanView& view) {
    if (!view.expelling.empty())
        return Plan{PlanKind::expel, RuleId::N01, view.expelling.front(), {}, true, {}};
    if (auto plan = continue_learner(view)) return *plan;
    if (const PlannedMember* lost = highest(view, is_lost)) {
        Plan plan = removal(view, *lost, RuleId::N06);
        if (plan.kind == PlanKind::remove) return plan;
    }
    if (highest(view, surplus) != nullptr) {
        if (const PlannedMember* last = highest(view, removable_surplus))
            return removal(view, *last, RuleId::N07);
        // The only voter is one that is to go: a replica that stays must come in first.
        if (voters_of(view) == 1)
            if (auto plan = grow(view)) return *plan;
        return waiting(RuleId::N08);
    }
    if (highest(view, is_lost) != nullptr) return waiting(RuleId::N08);
    if (auto plan = grow(view)) return *plan;
    if (as_desired(view)) return Plan{PlanKind::nothing, RuleId::N11, {}, {}, false, {}};
    return waiting(RuleId::N12);
}

std::optional<MemberId> heir_of(const PlanView& view, MemberId leaving) {
    const PlannedMember* heir = nullptr;
    for (const PlannedMember& member : view.members) {
        if (member.id == leaving || !member.ordinal || !serving_voter(member)) continue;
        if (heir == nullptr || *member.ordinal < *heir->ordinal) heir = &member;
    }
    if (heir == nullptr) return std::nullopt;
    return heir->id;
}

const char* because(RuleId planner_rule) {
    switch (static_cast<std::uint16_t>(planner_rule) - static_cast<std::uint16_t>(RuleId::N01)) {
        case 0:
            return "the record still names a member that the list has no more";
        case 1:
            return "a learner whose peer URL is none of ours holds the only learner slot";
        case 2:
            return "a learner that is no longer desired";
        case 3:
            return "a learner without progress holds the only learner slot";
        case 4:
            return "a learner is in hand; one change at a time";
        case 5:
            return "the member is lost; it is removed and its replica joins afresh";
        case 6:
            return "more members than desired; the highest ordinal goes first";
        case 7:
            return "removal would leave fewer live voters than quorum";
        case 8:
            return "this etcd refuses to add a member while a voter is away";
        case 9:
            return "a desired replica asks to be admitted";
        case 10:
            return "as desired, and every voter serves";
        case 11:
            return "not as desired yet; waiting for a replica to answer or to ask";
        default:
            return "not a rule of the planner";
    }
}

}  // namespace quorate
