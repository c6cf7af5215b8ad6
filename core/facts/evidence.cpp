#include "core/facts/evidence.hpp"

#include <algorithm>

namespace quorate {

bool healthy(const MemberStatus& status) {
    return status.answers && (status.learner || status.serves);
}

bool serves(const Facts& facts, Ordinal ordinal) {
    const ProbeFact* probe = facts.probes.find(ordinal);
    return probe != nullptr && probe->status.serves;
}

bool somebody_serves(const Facts& facts) {
    return std::any_of(facts.probes.begin(), facts.probes.end(),
                       [](const auto& entry) { return entry.second.status.serves; });
}

bool record_is_busy(const State& state) {
    return in_flight<WriteRecord>(state) || (state.facts.record && state.facts.record_there);
}

bool rebuild_is_void(const Facts& facts) {
    return facts.record && facts.record->rebuild && somebody_serves(facts);
}

Instant serves_since(const Facts& facts) {
    std::optional<Instant> since;
    for (const auto& [ordinal, probe] : facts.probes)
        if (probe.status.serves && (!since || probe.healthy_since < *since))
            since = probe.healthy_since;
    return since.value_or(Instant{});
}

std::optional<Ordinal> leader_of(const Facts& facts) {
    for (const auto& [ordinal, probe] : facts.probes) {
        const MemberStatus& status = probe.status;
        if (status.serves && status.member_id.value != 0 && status.leader == status.member_id)
            return ordinal;
    }
    return std::nullopt;
}

std::vector<MemberId> accused(const Facts& facts) {
    std::vector<MemberId> ids;
    for (const auto& [ordinal, probe] : facts.probes)
        for (const MemberId id : probe.status.accused)
            if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::optional<Ordinal> best_via(const Facts& facts) {
    if (auto leader = leader_of(facts)) return leader;
    for (const auto& [ordinal, probe] : facts.probes)
        if (probe.status.serves) return ordinal;
    return std::nullopt;
}

LogPosition position_of(const MemberStatus& status) {
    return {status.serves ? status.term : Term{}, status.index};
}

const std::optional<ClusterRecord>& newest_record(const Facts& facts) {
    const bool gathers = facts.record && !is_founded(*facts.record);
    const bool remembers = facts.record_before && is_founded(*facts.record_before);
    return !facts.record || (gathers && remembers) ? facts.record_before : facts.record;
}

const ReplicaEntry* own_entry(const Facts& facts) {
    return facts.record ? facts.record->replicas.find(facts.settings.self) : nullptr;
}

bool is_founder(const ClusterRecord& record, Ordinal ordinal) {
    return std::find(record.founders.begin(), record.founders.end(), ordinal) !=
           record.founders.end();
}

bool is_sole_member(const Facts& facts) {
    const ReplicaEntry* entry = own_entry(facts);
    if (entry == nullptr || entry->claim != VolumeClaim::holding) return false;
    if (entry->member_id.value == 0 && !is_founder(*facts.record, facts.settings.self))
        return false;
    return std::none_of(
        facts.record->replicas.begin(), facts.record->replicas.end(), [&](const auto& other) {
            return other.first != facts.settings.self &&
                   (other.second.member_id.value != 0 || is_founder(*facts.record, other.first));
        });
}

bool etcd_was_removed(const Facts& facts) {
    return facts.last_exit && facts.last_exit->exit_class == ExitClass::removed;
}

std::optional<Ordinal> ordinal_of(const Facts& facts, const ListedMember& member) {
    const auto& addresses = facts.settings.addresses;
    for (std::uint32_t i = 0; i < addresses.size(); ++i)
        for (const std::string& url : member.peer_urls)
            if (url == addresses[i].peer_url) return Ordinal{i};
    return std::nullopt;
}

const ListedMember* find_member(const MemberList& list, MemberId id) {
    for (const ListedMember& member : list.members)
        if (member.id == id) return &member;
    return nullptr;
}

std::vector<MemberId> voters_of(const MemberList& list) {
    std::vector<MemberId> ids;
    for (const ListedMember& member : list.members)
        if (!member.learner) ids.push_back(member.id);
    return ids;
}

const MemberList* newest_list(const Facts& facts) {
    if (facts.list && (facts.list_current || !facts.own_list)) return &*facts.list;
    return facts.own_list ? &*facts.own_list : nullptr;
}

Instant awake_since(const Facts& facts) {
    if (facts.slept_at == Instant{}) return facts.slept_at;
    return facts.slept_at + facts.settings.policy.probe_period * 2;
}

Span asleep_at_most(const State& state) {
    const Span period = state.facts.settings.policy.probe_period;
    return state.wake_at && *state.wake_at <= awake_since(state.facts) ? Span{period.us / 2}
                                                                       : period;
}

bool overslept(const State& state, Instant now) {
    return state.wake_at && now > *state.wake_at + asleep_at_most(state);
}

bool list_is_evidence(const State& state) {
    const Facts& facts = state.facts;
    if (state.now < awake_since(facts)) return false;
    // The own etcd tells of every change; without it a list is good for as long as a probe is.
    const Instant aged = facts.list_at + facts.settings.policy.probe_period * 2;
    const ProbeFact* own = facts.probes.find(facts.settings.self);
    const bool told = own != nullptr && own->status.serves && own->healthy_since <= facts.list_at;
    if (!told && state.now > aged) return false;
    return facts.list && facts.list_current && facts.list->freshness == Freshness::linearizable &&
           facts.record &&
           (facts.record->cluster_id.value == 0 ||
            facts.list->cluster_id == facts.record->cluster_id);
}

namespace {

// none: not compared, or not comparable.
HashVerdict compared_with_leader(const ContentCompared& compared, Ordinal learner, MemberId id) {
    const ContentHash* mine = compared.hashes.find(learner);
    if (mine == nullptr || !mine->answered) return HashVerdict::none;
    if (mine->member_id.value != 0 && mine->member_id != id) return HashVerdict::none;
    HashVerdict verdict = HashVerdict::none;
    for (const auto& [ordinal, hash] : compared.hashes) {
        if (ordinal == learner) continue;
        if (!hash.answered || hash.compact_revision != mine->compact_revision)
            return HashVerdict::none;
        if (hash.hash != mine->hash) return HashVerdict::undecided;
        verdict = HashVerdict::equal;
    }
    return verdict;
}

}  // namespace

HashVerdict learner_compared(const State& state) {
    const Facts& facts = state.facts;
    const RepairState& repair = state.repair;
    if (!facts.content || facts.content_at < repair.since) return HashVerdict::none;
    // What waited for something else is asked again: content may have changed since.
    if (state.now > facts.content_at + facts.settings.policy.probe_period) return HashVerdict::none;
    const HashVerdict verdict =
        compared_with_leader(*facts.content, repair.ordinal, repair.member_id);
    if (verdict != HashVerdict::equal) return verdict;
    if (repair.goal == Revision{}) return HashVerdict::none;
    const ContentHash& mine = *facts.content->hashes.find(repair.ordinal);
    if (mine.revision >= repair.goal) return HashVerdict::equal;
    const ProbeFact* probe = facts.probes.find(repair.ordinal);
    const bool has_applied_all = repair.goal_index != LogIndex{} && probe != nullptr &&
                                 probe->status.applied >= repair.goal_index &&
                                 facts.content_at > probe->at;
    return has_applied_all ? HashVerdict::undecided : HashVerdict::none;
}

namespace {

// By ordinal: whether the newest list has a member with its address.
std::vector<bool> listed_ordinals(const Facts& facts) {
    std::vector<bool> listed(facts.settings.addresses.size());
    const MemberList* list = newest_list(facts);
    if (list == nullptr) return listed;
    for (const ListedMember& member : list->members)
        if (const auto ordinal = ordinal_of(facts, member)) listed[ordinal->value] = true;
    return listed;
}

}  // namespace

std::vector<Ordinal> ordinals_of_interest(const Facts& facts) {
    std::vector<Ordinal> ordinals;
    ordinals.reserve(facts.settings.addresses.size());
    const std::uint32_t desired = facts.desired ? facts.desired->replicas : 0;
    const std::vector<bool> listed = listed_ordinals(facts);
    for (std::uint32_t i = 0; i < listed.size(); ++i) {
        const ReplicaEntry* entry =
            facts.record ? facts.record->replicas.find(Ordinal{i}) : nullptr;
        // A founder that has not told its id yet counts as well, also one that is scaled away.
        const bool member = entry != nullptr &&
                            (entry->member_id.value != 0 || entry->claim == VolumeClaim::holding);
        if (i < desired || member || listed[i]) ordinals.push_back(Ordinal{i});
    }
    return ordinals;
}

}  // namespace quorate
