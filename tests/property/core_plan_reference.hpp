// A second opinion on membership, written from the requirements and not from the planner: which
// single changes are safe in a view, whether any is due, and what the world looks like after one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "core/rules/membership_plan.hpp"

namespace quorate::test {

struct Reference {
    const PlanView& view;

    const PlannedMember* find(MemberId id) const {
        for (const PlannedMember& member : view.members)
            if (member.id == id) return &member;
        return nullptr;
    }
    bool listed(Ordinal ordinal) const {
        return std::any_of(view.members.begin(), view.members.end(),
                           [&](const auto& member) { return member.ordinal == ordinal; });
    }
    std::size_t voters() const {
        return count([](const auto& m) { return !m.learner; });
    }
    std::size_t learners() const {
        return count([](const auto& m) { return m.learner; });
    }
    std::size_t live_voters(MemberId without = {}) const {
        return count([&](const auto& m) {
            return !m.learner && m.health == MemberHealth::serving && m.id != without;
        });
    }
    bool has_quorum() const { return 2 * live_voters() > voters(); }

    // C4, S1: what remains has a live majority. Nobody counts on a learner.
    bool may_remove(const PlannedMember& member) const {
        if (member.learner) return true;
        return voters() >= 2 && 2 * live_voters(member.id) > voters() - 1;
    }
    // A voter that nobody has a reason to keep.
    bool voter_is_due(const PlannedMember& member) const {
        if (member.learner || !member.ordinal) return false;
        return member.health == MemberHealth::failed || member.ordinal->value >= view.desired;
    }
    bool learner_is_due(const PlannedMember& member) const {
        if (!member.learner) return false;
        return !member.ordinal || member.ordinal->value >= view.desired ||
               member.health == MemberHealth::failed || member.stuck;
    }
    // Measured: 3.5.30 and 3.6.11 look at the quorum after the add, all others at every voter.
    bool etcd_takes_an_add() const {
        const Version v = view.version;
        const bool modern = v >= Version{3, 6, 11} || (v >= Version{3, 5, 30} && v.minor == 5);
        if (voters() == 1) return true;
        return modern ? 2 * live_voters() > voters() + 1 : live_voters() == voters();
    }
    bool wants_in(Ordinal ordinal) const {
        return ordinal.value < view.desired && !listed(ordinal) &&
               std::find(view.asking.begin(), view.asking.end(), ordinal) != view.asking.end();
    }
    bool somebody_wants_in() const {
        return std::any_of(view.asking.begin(), view.asking.end(),
                           [&](Ordinal ordinal) { return wants_in(ordinal); });
    }
    // Some voter could be removed now, and should be.
    bool a_removal_is_due() const {
        return std::any_of(view.members.begin(), view.members.end(), [&](const auto& member) {
            return voter_is_due(member) && may_remove(member);
        });
    }
    bool somebody_is_surplus_or_lost() const {
        return std::any_of(view.members.begin(), view.members.end(),
                           [&](const auto& member) { return voter_is_due(member); });
    }

  private:
    template <class Is>
    std::size_t count(Is is) const {
        return static_cast<std::size_t>(
            std::count_if(view.members.begin(), view.members.end(), is));
    }
};

// nullptr: the plan is one that the reference stands behind; else what is wrong with it.
inline const char* objection(const PlanView& view, const Plan& plan) {
    const Reference ref{view};
    const PlannedMember* member = ref.find(plan.member_id);
    switch (plan.kind) {
        case PlanKind::expel:
            return view.expelling.empty() ? "expels nobody's identity" : nullptr;
        case PlanKind::admit:
            return member != nullptr && member->learner && !ref.learner_is_due(*member)
                       ? nullptr
                       : "goes on with a learner that is to go, or is none";
        case PlanKind::add:
            if (ref.learners() != 0) return "a second learner";
            if (!ref.wants_in(plan.ordinal)) return "adds one that did not ask or is not desired";
            if (!ref.etcd_takes_an_add()) return "adds what this etcd refuses";
            return nullptr;
        case PlanKind::remove:
            if (member == nullptr) return "removes one that is not listed";
            if (!ref.voter_is_due(*member) && !ref.learner_is_due(*member))
                return "removes one that should stay";
            if (!ref.may_remove(*member)) return "removal leaves no live quorum";
            if (!member->learner && ref.learners() != 0) return "two changes at a time";
            return nullptr;
        case PlanKind::wait:
        case PlanKind::nothing:
            if (!view.expelling.empty()) return "an identity is not expelled";
            if (ref.learners() != 0) return "a learner is left alone";
            if (ref.a_removal_is_due()) return "a safe removal is left undone";
            if (ref.has_quorum() && ref.somebody_wants_in() && ref.etcd_takes_an_add() &&
                (!ref.somebody_is_surplus_or_lost() || ref.voters() == 1))
                return "a replica that may come in is left outside";
            return nullptr;
    }
    return "not a kind of plan";
}

// The leader goes only after it handed over, when there is somebody to hand over to.
inline const char* leadership_objection(const PlanView& view, const Plan& plan) {
    if (plan.kind != PlanKind::remove) return nullptr;
    const Reference ref{view};
    const PlannedMember* member = ref.find(plan.member_id);
    if (member == nullptr || !member->leader) return nullptr;
    const bool possible =
        std::any_of(view.members.begin(), view.members.end(), [&](const auto& other) {
            return other.id != member->id && !other.learner && other.ordinal &&
                   other.health == MemberHealth::serving;
        });
    if (!plan.move_leader_to) return possible ? "the leader goes without handing over" : nullptr;
    const PlannedMember* heir = ref.find(*plan.move_leader_to);
    const bool fit = heir != nullptr && heir->id != member->id && !heir->learner &&
                     heir->health == MemberHealth::serving;
    return fit ? nullptr : "leadership goes to one that cannot lead";
}

// The world after one plan was carried out well. Removed replicas come back empty and ask.
inline void carry_out(PlanView& view, const Plan& plan, MemberId fresh) {
    const auto drop = [](std::vector<Ordinal>& from, Ordinal ordinal) {
        from.erase(std::remove(from.begin(), from.end(), ordinal), from.end());
    };
    const auto at = std::find_if(view.members.begin(), view.members.end(),
                                 [&](const auto& member) { return member.id == plan.member_id; });
    switch (plan.kind) {
        case PlanKind::expel:
            drop(view.expelling, plan.ordinal);
            break;
        case PlanKind::admit:
            at->learner = false;
            at->health = MemberHealth::serving;
            at->told = true;
            break;
        case PlanKind::add: {
            PlannedMember learner;
            learner.id = fresh;
            learner.ordinal = plan.ordinal;
            learner.learner = true;
            learner.health = MemberHealth::serving;
            view.members.push_back(learner);
            drop(view.asking, plan.ordinal);
            break;
        }
        case PlanKind::remove:
            if (at->ordinal) view.expelling.push_back(*at->ordinal);
            view.members.erase(at);
            for (PlannedMember& member : view.members)
                if (plan.move_leader_to) member.leader = member.id == *plan.move_leader_to;
            break;
        case PlanKind::wait:
        case PlanKind::nothing:
            break;
    }
}

// Time passes and everybody does his part: the quiet serve again, the desired ask. False: nothing
// was left to happen.
inline bool let_time_pass(PlanView& view) {
    bool moved = false;
    for (PlannedMember& member : view.members) {
        if (member.health != MemberHealth::quiet) continue;
        member.health = MemberHealth::serving;
        moved = true;
    }
    for (std::uint32_t i = 0; i < view.desired; ++i) {
        const bool asks =
            std::find(view.asking.begin(), view.asking.end(), Ordinal{i}) != view.asking.end();
        if (asks || Reference{view}.listed(Ordinal{i})) continue;
        view.asking.push_back(Ordinal{i});
        moved = true;
    }
    std::sort(view.asking.begin(), view.asking.end());
    return moved;
}

// ---- brute force: every sequence of changes that etcd and the rules allow

// A member that is healthy enough to stay and learn.
inline bool may_be_promoted(const Reference& ref, const PlannedMember& member) {
    return member.learner && member.health == MemberHealth::serving && !ref.learner_is_due(member);
}

// Each change that is legal now, whoever would want it: one at a time, quorum kept (S1, S2).
inline std::vector<Plan> legal_changes(const PlanView& view) {
    const Reference ref{view};
    std::vector<Plan> plans;
    const auto about = [&](PlanKind kind, Ordinal ordinal, MemberId id) {
        plans.push_back(Plan{kind, RuleId::N01, ordinal, id, false, {}});
    };
    for (const Ordinal ordinal : view.expelling)
        about(PlanKind::expel, ordinal, {});
    for (const PlannedMember& member : view.members) {
        const Ordinal ordinal = member.ordinal.value_or(Ordinal{});
        if (may_be_promoted(ref, member)) about(PlanKind::admit, ordinal, member.id);
        if (ref.learner_is_due(member)) about(PlanKind::remove, ordinal, member.id);
        if (ref.voter_is_due(member) && ref.may_remove(member) && ref.learners() == 0)
            about(PlanKind::remove, ordinal, member.id);
    }
    if (ref.learners() == 0 && ref.has_quorum() && ref.etcd_takes_an_add())
        for (const Ordinal ordinal : view.asking)
            if (ref.wants_in(ordinal)) about(PlanKind::add, ordinal, {});
    return plans;
}

// Exactly the desired replicas are voters, and none of them has to go.
inline bool is_reached(const PlanView& view) {
    const Reference ref{view};
    return view.members.size() == view.desired && ref.learners() == 0 && view.expelling.empty() &&
           std::all_of(view.members.begin(), view.members.end(), [&](const auto& member) {
               return member.ordinal && !ref.voter_is_due(member);
           });
}

// The replicas whose machines are up: they ask for admission once they are members no more.
inline void ask(PlanView& view, std::uint32_t up) {
    for (std::uint32_t i = 0; i < view.desired; ++i) {
        const bool told =
            std::find(view.asking.begin(), view.asking.end(), Ordinal{i}) != view.asking.end() ||
            std::find(view.expelling.begin(), view.expelling.end(), Ordinal{i}) !=
                view.expelling.end();
        if ((up >> i & 1) != 0 && !told && !Reference{view}.listed(Ordinal{i}))
            view.asking.push_back(Ordinal{i});
    }
    std::sort(view.asking.begin(), view.asking.end());
}

// What matters of a view for what can still become of it. Ordinals below 8, distinct.
inline std::uint64_t key_of(const PlanView& view) {
    std::uint64_t key = 0;
    const auto put = [&](Ordinal ordinal, std::uint64_t what) {
        key |= what << (8 * ordinal.value);
    };
    for (const PlannedMember& member : view.members)
        put(*member.ordinal, 1 + static_cast<std::uint64_t>(member.health) +
                                 (member.learner ? 4 : 0) + (member.stuck ? 8 : 0));
    for (const Ordinal ordinal : view.asking)
        put(ordinal, 16);
    for (const Ordinal ordinal : view.expelling)
        put(ordinal, 32);
    return key;
}

// Some sequence of legal changes, without anybody falling ill or getting well, leads to the desired
// replicas.
inline bool can_be_reached(const PlanView& start, std::uint32_t up) {
    std::set<std::uint64_t> seen;
    std::vector<PlanView> open{start};
    std::uint64_t fresh = 2000;
    while (!open.empty()) {
        const PlanView view = open.back();
        open.pop_back();
        if (!seen.insert(key_of(view)).second) continue;
        if (is_reached(view)) return true;
        for (const Plan& plan : legal_changes(view)) {
            PlanView after = view;
            carry_out(after, plan, MemberId{++fresh});
            ask(after, up);
            open.push_back(after);
        }
    }
    return false;
}

}  // namespace quorate::test
