#include "core/rules/looking.hpp"

#include "core/facts/evidence.hpp"
#include "core/facts/memory.hpp"
#include "core/rules/content.hpp"
#include "core/rules/intent.hpp"

namespace quorate {
namespace {

bool membership_moves(const State& state) {
    return in_flight<AddLearner>(state) || in_flight<RemoveMember>(state) ||
           in_flight<PromoteMember>(state) || in_flight<ListMembers>(state);
}

bool wants_list(const State& state) {
    if (state.authority.phase != AuthorityPhase::holding || list_is_evidence(state)) return false;
    if (membership_moves(state) || !best_via(state.facts)) return false;
    // A list of another cluster is no evidence however often it is read, and a member that refuses
    // at once is not asked at its own pace (S21).
    const Facts& facts = state.facts;
    const bool in_vain = facts.list_current || facts.list_refused_at != Instant{};
    return !in_vain || state.now >= facts.list_at + facts.settings.policy.retry_period;
}

// The one that is let in is compared with its leader alone, also once another agent promoted it:
// what was found of it says nothing of the voters.
std::vector<Ordinal> voters_to_compare(const State& state) {
    const bool learns = state.repair.phase == RepairPhase::catching_up;
    std::vector<Ordinal> ordinals;
    for (const auto& [ordinal, probe] : state.facts.probes)
        if (probe.status.serves && !(learns && ordinal == state.repair.ordinal))
            ordinals.push_back(ordinal);
    return ordinals;
}

bool wants_hashes(const State& state) {
    const Facts& facts = state.facts;
    if (in_flight<CompareContent>(state)) return false;
    const Policy& policy = facts.settings.policy;
    const bool idle = state.repair.phase == RepairPhase::idle;
    const bool changing = state.cluster.phase == ClusterPhase::growing ||
                          state.cluster.phase == ClusterPhase::repairing;
    if (idle && changing)
        return content_is_to_compare(state) && state.now >= facts.hashes_at + policy.retry_period;
    if (leader_of(facts) != facts.settings.self || facts.stop_requested) return false;
    // A learner that takes its time to catch up hides no difference among the voters (L4).
    if (!idle && state.repair.phase != RepairPhase::catching_up) return false;
    if (doubt_is_work(state)) {
        // The first answer at once; the next ones as repairs and stragglers may change them.
        if (facts.judged.at <= state.alarm.since && facts.hashes_at <= state.alarm.since)
            return true;
        return state.now >= facts.hashes_at + policy.stability_window;
    }
    return state.now >= facts.hashes_at + policy.hash_check_period;
}

bool wants_position(const State& state) {
    const Facts& facts = state.facts;
    if (state.cluster.phase != ClusterPhase::quorum_lost &&
        state.cluster.phase != ClusterPhase::parked)
        return false;
    if (!facts.etcd_running || facts.disk || in_flight<ExamineDisk>(state)) return false;
    return state.now >= facts.examined_at + facts.settings.policy.retry_period;
}

bool wants_memory(const State& state) {
    const Facts& facts = state.facts;
    if (may_name_founders(state))
        return facts.peers_asked_at == Instant{} && !all_are_heard(facts, state.now);
    return state.replica.phase == ReplicaPhase::examining && facts.desired && facts.disk &&
           !facts.etcd_running && facts.peers_asked_at == Instant{} && !peers_are_heard(state);
}

}  // namespace

std::vector<Look> wanted_looks(const State& state) {
    std::vector<Look> looks;
    const Facts& facts = state.facts;
    if (facts.started_at == Instant{} || state.exiting) return looks;
    if (wants_list(state)) looks.push_back({RuleId::L01, ListMembers{*best_via(facts)}});
    if (wants_hashes(state)) {
        const auto replicas = voters_to_compare(state);
        if (replicas.size() >= 2) looks.push_back({RuleId::L02, CompareContent{replicas}});
    }
    if (wants_position(state)) looks.push_back({RuleId::L03, ExamineDisk{}});
    if (wants_memory(state)) looks.push_back({RuleId::L05, AskPeers{unheard_peers(facts)}});
    auto interest = ordinals_of_interest(facts);
    if (interest != state.probed) looks.push_back({RuleId::L04, ProbeReplicas{interest}});
    return looks;
}

}  // namespace quorate
