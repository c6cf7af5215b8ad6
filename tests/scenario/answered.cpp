#include "tests/scenario/answered.hpp"

#include <utility>

#include "core/rules/membership_plan.hpp"
#include "core/rules/recovery_table.hpp"
#include "core/rules/version_gate.hpp"
#include "core/step.hpp"

namespace quorate {

// The functions as they are, and those that the linker puts in their place.
Step real_step(State state,
               const Event& event) __asm__("__real__ZN7quorate4stepENS_5StateERKNS_5EventE");
Step watched_step(State state,
                  const Event& event) __asm__("__wrap__ZN7quorate4stepENS_5StateERKNS_5EventE");

Plan real_plan(const PlanView& view) __asm__("__real__ZN7quorate15plan_membershipERKNS_8PlanViewE");
Plan watched_plan(const PlanView& view) __asm__(
    "__wrap__ZN7quorate15plan_membershipERKNS_8PlanViewE");

const RecoveryRow& real_row(const RecoveryCase& input) __asm__(
    "__real__ZN7quorate13recovery_ruleERKNS_12RecoveryCaseE");
const RecoveryRow& watched_row(const RecoveryCase& input) __asm__(
    "__wrap__ZN7quorate13recovery_ruleERKNS_12RecoveryCaseE");

std::optional<VersionGate> real_gate(const VersionCase& input) __asm__(
    "__real__ZN7quorate12version_gateERKNS_11VersionCaseE");
std::optional<VersionGate> watched_gate(const VersionCase& input) __asm__(
    "__wrap__ZN7quorate12version_gateERKNS_11VersionCaseE");

Step watched_step(State state, const Event& event) {
    Step step = real_step(std::move(state), event);
    for (const RuleHit& hit : step.decision.hits)
        if (hit.verdict == Verdict::taken) sim::answered().insert(hit.rule);
    return step;
}

Plan watched_plan(const PlanView& view) {
    Plan plan = real_plan(view);
    sim::answered().insert(plan.rule);
    return plan;
}

const RecoveryRow& watched_row(const RecoveryCase& input) {
    const RecoveryRow& row = real_row(input);
    sim::answered().insert(row.id);
    return row;
}

std::optional<VersionGate> watched_gate(const VersionCase& input) {
    auto gate = real_gate(input);
    if (gate) sim::answered().insert(gate->rule);
    return gate;
}

std::set<RuleId>& sim::answered() {
    static std::set<RuleId> rules;
    return rules;
}

}  // namespace quorate
