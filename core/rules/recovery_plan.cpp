#include "core/rules/recovery_plan.hpp"

#include <algorithm>

#include "core/base/mix.hpp"
#include "core/rules/quorum.hpp"

namespace quorate {
namespace {

// Revisions handed out by the lost members are at most their log indexes; the margin covers what
// was committed after a survivor's agent last asked them (probe_period, 1 s): 20,000 writes (S8).
constexpr LogIndex bump_margin{20'000};

bool is_member(const ClusterRecord& record, Ordinal ordinal, const ReplicaEntry& entry) {
    if (entry.member_id.value != 0) return true;
    return record.stage == RecordStage::forming &&
           std::find(record.founders.begin(), record.founders.end(), ordinal) !=
               record.founders.end();
}

// A founder stamps its volume only after it announced the stamp, and runs only after that (S5).
bool never_ran(const ClusterRecord& record, const ReplicaEntry& entry) {
    return record.stage == RecordStage::forming && entry.member_id.value == 0 &&
           entry.nonce.value == 0 && entry.nonce_next.value == 0 &&
           entry.high_water == LogPosition{};
}

std::string token_of(const ClusterRecord& record, const RecoveryPlan& plan) {
    std::uint64_t mixed = mix_text(0, record.lineage.value);
    mixed = mix(mixed, record.epoch.value);
    for (const Survivor& survivor : plan.survivors) {
        mixed = mix(mixed, survivor.ordinal.value);
        mixed = mix(mixed, survivor.position.term.value);
        mixed = mix(mixed, survivor.position.index.value);
    }
    for (const Ordinal ordinal : plan.gone)
        mixed = mix(mixed, ordinal.value + 1000);
    for (const Ordinal ordinal : plan.silent)
        mixed = mix(mixed, ordinal.value + 2000);
    mixed = mix(mixed, plan.may_lose ? 1 : 0);
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 16; shift -= 4)
        text += digits[(mixed >> shift) & 15];
    return text;
}

}  // namespace

std::optional<RecoveryPlan> plan_recovery(const ClusterRecord& record) {
    RecoveryPlan plan;
    LogIndex highest;
    bool all_told = true;
    for (const auto& [ordinal, entry] : record.replicas) {
        if (!is_member(record, ordinal, entry)) continue;
        highest = std::max({highest, entry.high_water.index, entry.seen});
        if (entry.surviving)
            plan.survivors.push_back({ordinal, *entry.surviving});
        else if (entry.claim == VolumeClaim::wants_admission || never_ran(record, entry))
            plan.gone.push_back(ordinal);
        else
            plan.silent.push_back(ordinal);
        if (!entry.surviving && !entry.high_water_final && !never_ran(record, entry))
            all_told = false;
    }
    if (plan.survivors.empty()) return std::nullopt;
    std::sort(plan.survivors.begin(), plan.survivors.end(), [](const auto& a, const auto& b) {
        return a.position != b.position ? b.position < a.position : a.ordinal < b.ordinal;
    });
    const Survivor& best = plan.survivors.front();
    plan.may_lose = !all_told;
    for (const auto& [ordinal, entry] : record.replicas)
        if (best.position < entry.high_water || best.position.index < entry.seen)
            plan.may_lose = true;
    const LogIndex ahead{highest > best.position.index ? highest.value - best.position.index.value
                                                       : 0};
    plan.bump = LogIndex{ahead.value + bump_margin.value};
    // A quorum of the founders never ran: nobody was ever told a revision.
    if (record.stage == RecordStage::forming && !plan.may_lose &&
        plan.survivors.size() < quorum(record.founders.size()))
        plan.bump = LogIndex{};
    plan.token = token_of(record, plan);
    return plan;
}

bool survivor_is_scaled_away(const RecoveryPlan& plan, const Desired& desired) {
    return plan.survivors.front().ordinal.value >= desired.replicas;
}

bool rebuild_is_free(const RecoveryPlan& plan, const Desired& desired) {
    return !plan.may_lose && desired.replicas == 1 && !survivor_is_scaled_away(plan, desired);
}

}  // namespace quorate
