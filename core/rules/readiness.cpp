#include "core/rules/readiness.hpp"

#include <algorithm>

#include "core/facts/doubts.hpp"
#include "core/facts/evidence.hpp"
#include "core/rules/quorum.hpp"

namespace quorate {
namespace {

// A majority says that it is wrong, nobody can say who is, or etcd itself accuses it: as this agent
// found, or as another says it did. Whoever is wrong serves reads as if nothing were
// (etcd-measured.md 1.3).
bool content_is_suspect(const State& state, const MemberStatus& newest) {
    const Facts& facts = state.facts;
    const MemberId self = newest.member_id;
    const auto names_self = [self](const std::vector<MemberId>& ids) {
        return std::find(ids.begin(), ids.end(), self) != ids.end();
    };
    return peers_doubt(state, self) || facts.judged.verdict == HashVerdict::undecided ||
           facts.diverged.contains(self) || names_self(doubted(facts)) ||
           names_self(accused(facts));
}

// Those of the founders that can be made before the next ordinal are no quorum of them, also where
// none is: more were named while replicas were still made all at once.
bool others_found(const ClusterRecord& record, Ordinal self) {
    const auto started = std::count_if(record.founders.begin(), record.founders.end(),
                                       [&](Ordinal founder) { return founder <= self; });
    return static_cast<std::size_t>(started) < quorum(record.founders.size());
}

// A founder alone that has run before and cannot serve: others were let in since this record.
bool others_joined(const State& state) {
    const Facts& facts = state.facts;
    return facts.etcd_running && facts.none_serves_since &&
           state.now >= *facts.none_serves_since + facts.settings.policy.quorum_lost_after;
}

// A member alone cannot serve when all were stopped: those up to this one are no quorum.
bool too_few_so_far(const ClusterRecord& record, Ordinal self) {
    std::size_t members = 0;
    std::size_t started = 0;
    for (const auto& [ordinal, entry] : record.replicas) {
        if (entry.member_id.value == 0) continue;
        ++members;
        if (ordinal <= self) ++started;
    }
    return members > 0 && started < quorum(members);
}

}  // namespace

bool is_ready(const State& state, const MemberStatus& newest) {
    return state.facts.etcd_running && newest.serves && !content_is_suspect(state, newest);
}

bool awaits_peers(const State& state, const MemberStatus& newest) {
    const Facts& facts = state.facts;
    if (is_ready(state, newest) || !facts.record) return false;
    const Ordinal self = facts.settings.self;
    const ClusterRecord& record = *facts.record;
    if (record.stage == RecordStage::forming)
        return others_found(record, self) || others_joined(state);
    if (record.stage != RecordStage::formed) return false;
    if (record.rebuild) return record.rebuild->survivor > self;
    // One that is missing may hold the copy that decides.
    if (facts.etcd_running && content_is_suspect(state, newest)) return true;
    if (state.cluster.phase == ClusterPhase::quorum_lost ||
        state.cluster.phase == ClusterPhase::parked)
        return true;
    if (state.replica.phase == ReplicaPhase::awaiting_admission) return !somebody_serves(facts);
    return facts.etcd_running && too_few_so_far(record, self);
}

}  // namespace quorate
