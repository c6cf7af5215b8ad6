// The next single change of membership, or the reason there is none. Pure arithmetic over a view:
// it knows no phases, no commands and no clock, so that a brute-force model can be held against it.
// Order of preference: finish the learner in hand, remove what is lost, shrink, grow. One at a time
// (C3, S2); never below quorum (C4, S1).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/ids.hpp"
#include "core/model/rules.hpp"

namespace quorate {

enum class MemberHealth : std::uint8_t {
    serving,  // a voter that serves linearizable reads, or a learner that answers
    quiet,    // not so, for less than the limit
    failed,   // beyond the limit, or its volume or content is lost
};

struct PlannedMember {
    MemberId id;
    std::optional<Ordinal> ordinal;  // nullopt: its peer URL is none of ours
    bool learner = false;
    bool leader = false;
    MemberHealth health = MemberHealth::quiet;
    bool stuck = false;  // a learner without progress beyond the limit
    bool told = true;    // the record tells its replica this very member id
    bool operator==(const PlannedMember&) const = default;
};

struct PlanView {
    std::uint32_t desired = 0;           // > 0
    Version version;                     // the oldest among those that answer
    std::vector<PlannedMember> members;  // by id
    std::vector<Ordinal> asking;         // replicas that wait for admission, ascending
    std::vector<Ordinal> expelling;      // in the record with a member id that is listed no more
};

enum class PlanKind : std::uint8_t {
    nothing,  // as desired
    wait,     // not as desired, and nothing may or need be done now
    expel,    // the record still names a member that is gone
    admit,    // carry on with the learner: tell, catch up, promote
    add,      // add a learner for an ordinal
    remove,   // remove a member
};

struct Plan {
    PlanKind kind = PlanKind::wait;
    RuleId rule = RuleId::N01;
    Ordinal ordinal;
    MemberId member_id;
    bool lost = false;  // remove: because it is lost, not because it is surplus
    std::optional<MemberId> move_leader_to;  // remove: leadership goes there first
    bool operator==(const Plan&) const = default;
};

Plan plan_membership(const PlanView& view);

// Who leads when `leaving` goes: the lowest ordinal that serves, so that one that stays comes
// before one that goes later. nullopt: nobody else can.
std::optional<MemberId> heir_of(const PlanView& view, MemberId leaving);

// One line for docs/rules.md and explanations.
const char* because(RuleId planner_rule);

}  // namespace quorate
