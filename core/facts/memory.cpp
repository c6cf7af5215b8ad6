#include "core/facts/memory.hpp"

#include <algorithm>

#include "core/facts/evidence.hpp"

namespace quorate {
namespace {

// Something may have run under the identity that the record gives this replica. A record that knows
// of no start may have gone back to before the first one (S5), unless this agent has told in this
// life that its volume is empty: what it is named, or let in, as since then is new.
bool may_have_run(const State& state) {
    const ReplicaEntry* entry = own_entry(state.facts);
    if (entry == nullptr || entry->claim != VolumeClaim::holding) return false;
    if (state.facts.record->stage == RecordStage::gathering) return false;
    const bool started = entry->nonce.value != 0 || entry->nonce_next.value != 0;
    return started || state.replica.told_at == Instant{};
}

// 0: that of any founder of this epoch, which the record and the volume have not told yet.
MemberId identity_of(const Facts& facts, const ReplicaEntry& entry) {
    if (entry.member_id.value != 0 || !facts.disk) return entry.member_id;
    return facts.disk->member_id;
}

// Every log that an etcd ran on reached this.
constexpr LogPosition least_that_ran{Term{1}, LogIndex{1}};

bool heard(const Facts& facts, Ordinal peer) {
    const PeerFact* fact = facts.peers.find(peer);
    return fact != nullptr && fact->at >= facts.started_at;
}

bool has_looked(const Facts& facts) {
    return facts.record_known && (facts.disk || facts.etcd_running || facts.record);
}

}  // namespace

void remember(Remembered& known, const Remembered& told) {
    if (told.member_id.value == 0 || told.epoch < known.epoch) return;
    const bool same = told.epoch == known.epoch && told.member_id == known.member_id;
    const LogPosition before = same ? known.position : LogPosition{};
    known = told;
    known.position = std::max(before, told.position);
}

Remembered own_report(const Facts& facts, const MemberStatus& status) {
    const ReplicaEntry* entry = own_entry(facts);
    if (entry == nullptr || entry->claim != VolumeClaim::holding) return {};
    const bool ours = status.serves && entry->member_id.value != 0 &&
                      status.member_id == entry->member_id &&
                      status.cluster_id == facts.record->cluster_id;
    if (!ours) return {};
    return {facts.record->epoch, entry->member_id, entry->nonce, position_of(status)};
}

std::optional<Hearsay> remembered_of_self(const Facts& facts) {
    const ReplicaEntry* entry = own_entry(facts);
    if (entry == nullptr || entry->claim != VolumeClaim::holding) return std::nullopt;
    const MemberId identity = identity_of(facts, *entry);
    std::optional<Hearsay> most;
    for (const auto& [peer, fact] : facts.peers) {
        const Remembered* told = fact.report.others.find(facts.settings.self);
        if (told == nullptr || fact.report.lineage != facts.record->lineage) continue;
        if (told->epoch != facts.record->epoch) continue;
        if (identity.value != 0 && told->member_id != identity) continue;
        if (!most || most->what.position < told->position) most = Hearsay{peer, *told};
    }
    return most;
}

ClusterRecord with_starts_since(ClusterRecord record, const Facts& facts) {
    const bool elected = facts.disk->last.index.value > record.founders.size();
    for (auto& [ordinal, entry] : record.replicas) {
        const bool never_ran = entry.claim == VolumeClaim::holding && entry.nonce.value == 0 &&
                               entry.high_water == LogPosition{};
        if (!never_ran || ordinal == facts.settings.self) continue;
        if (entry.member_id.value == 0 && !elected) continue;
        entry.high_water = least_that_ran;
    }
    return record;
}

std::vector<Ordinal> unheard_peers(const Facts& facts) {
    std::vector<Ordinal> peers;
    for (const Ordinal ordinal : ordinals_of_interest(facts))
        if (ordinal != facts.settings.self && !heard(facts, ordinal)) peers.push_back(ordinal);
    return peers;
}

Lineage founded_cluster(const Facts& facts, const Lineage& last_told) {
    if (!has_looked(facts)) return last_told;
    if (facts.record && is_founded(*facts.record)) return facts.record->lineage;
    const bool holds = facts.disk && facts.disk->shape != DiskShape::empty && facts.disk->identity;
    return holds ? facts.disk->identity->lineage : Lineage{};
}

bool knows_what_to_tell(const Facts& facts, const Lineage& last_told) {
    return has_looked(facts) || !last_told.value.empty();
}

std::optional<Ordinal> knows_a_cluster(const Facts& facts) {
    if (facts.record && is_founded(*facts.record)) return std::nullopt;
    for (const auto& [peer, fact] : facts.peers)
        if (heard(facts, peer) && !fact.report.founded.value.empty()) return peer;
    return std::nullopt;
}

bool all_are_heard(const Facts& facts, Instant now) {
    const Span wait = facts.settings.policy.peers_wait;
    if (wait == Span{} || unheard_peers(facts).empty()) return true;
    // Who slept meanwhile has not waited: their answers may be on the way.
    return facts.peers_asked_at != Instant{} &&
           now >= std::max(facts.peers_asked_at, facts.slept_at) + wait;
}

bool peers_are_heard(const State& state) {
    return !may_have_run(state) || all_are_heard(state.facts, state.now);
}

}  // namespace quorate
