#include "core/rules/intent.hpp"

#include <algorithm>

#include "core/base/limits.hpp"
#include "core/facts/doubts.hpp"
#include "core/facts/evidence.hpp"
#include "core/rules/content.hpp"
#include "core/rules/quorum.hpp"
#include "core/rules/space.hpp"

namespace quorate {
namespace {

bool entry_speaks_for_us(const ReplicaEntry& entry) {
    return entry.claim == VolumeClaim::holding || entry.claim == VolumeClaim::wants_admission;
}

MemberHealth health_of(const MemberState& member) {
    switch (member.phase) {
        case MemberPhase::learning:
        case MemberPhase::voting:
            return MemberHealth::serving;
        case MemberPhase::failed:
            return MemberHealth::failed;
        case MemberPhase::unknown:
        case MemberPhase::joining:
        case MemberPhase::suspect:
            return MemberHealth::quiet;
    }
    return MemberHealth::quiet;
}

bool is_stuck(const State& state, const ListedMember& member) {
    const RepairState& repair = state.repair;
    if (!member.learner || repair.member_id != member.id) return false;
    if (repair.phase != RepairPhase::catching_up && repair.phase != RepairPhase::promoting)
        return false;
    return state.now >= repair.progress + state.facts.settings.policy.learner_stuck_after;
}

// Its own agent says that its volume holds nothing of it any more.
bool asks_anew(const Facts& facts, const PlannedMember& member) {
    const ReplicaEntry* entry =
        member.ordinal ? facts.record->replicas.find(*member.ordinal) : nullptr;
    return entry != nullptr && entry->claim == VolumeClaim::wants_admission;
}

PlannedMember planned(const State& state, const ListedMember& listed) {
    const Facts& facts = state.facts;
    PlannedMember member;
    member.id = listed.id;
    member.ordinal = ordinal_of(facts, listed);
    member.learner = listed.learner;
    if (const MemberState* known = state.members.find(listed.id)) member.health = health_of(*known);
    if (member.ordinal) {
        const ProbeFact* probe = facts.probes.find(*member.ordinal);
        member.leader = probe != nullptr && probe->status.serves &&
                        probe->status.leader == listed.id && probe->status.member_id == listed.id;
        const ReplicaEntry* entry = facts.record->replicas.find(*member.ordinal);
        member.told = entry != nullptr && entry->member_id == listed.id;
    }
    if (content_is_undecided(facts) && member.health == MemberHealth::failed &&
        !asks_anew(facts, member))
        member.health = MemberHealth::quiet;
    member.stuck = is_stuck(state, listed) || (listed.learner && content_is_undecided(facts));
    return member;
}

Version oldest_answering(const Facts& facts) {
    Version oldest = facts.settings.etcd_version;
    for (const auto& [ordinal, probe] : facts.probes)
        if (probe.status.answers && probe.status.version != Version{})
            oldest = std::min(oldest, probe.status.version);
    return oldest;
}

bool asks(const ReplicaEntry& entry) { return entry.claim == VolumeClaim::wants_admission; }

bool founder_not_told_yet(const ClusterRecord& record, Ordinal ordinal, const ReplicaEntry& entry) {
    return entry.member_id.value == 0 && entry.claim == VolumeClaim::holding &&
           std::find(record.founders.begin(), record.founders.end(), ordinal) !=
               record.founders.end();
}

bool entry_needs_authority(const Facts& facts, Ordinal ordinal, const ReplicaEntry& entry) {
    const bool desired = ordinal.value < facts.desired->replicas;
    if (asks(entry)) return (desired && !content_is_undecided(facts)) || entry.member_id.value != 0;
    if (entry.member_id.value == 0) return false;
    if (!desired) return true;
    // The list has it no more, but its replica still tries to start as that member.
    if (const MemberList* list = newest_list(facts))
        if (find_member(*list, entry.member_id) == nullptr) return true;
    const ProbeFact* probe = facts.probes.find(ordinal);
    if (probe == nullptr) return false;
    return healthy(probe->status) && probe->status.learner;
}

// Whether those founders that are to stay are a quorum of all that were named. One that has to go
// stays until it is removed if it runs already: it has `quorum_lost_after` to help.
bool founders_suffice(const Facts& facts) {
    const std::vector<Ordinal>& founders = facts.record->founders;
    const auto staying = std::count_if(founders.begin(), founders.end(), [&](Ordinal ordinal) {
        const ReplicaEntry* entry = facts.record->replicas.find(ordinal);
        return entry != nullptr && entry->claim == VolumeClaim::holding &&
               ordinal.value < facts.desired->replicas;
    });
    return static_cast<std::size_t>(staying) >= quorum(founders.size());
}

// From here on the newest probe of each peer began after the admission was told, also where nothing
// was told of it: one may have been under way then, and the prober may be in its pause.
Instant probed_since_told(const State& state) {
    return state.replica.told_at + state.facts.settings.policy.probe_period * 2;
}

// Whether `initial_cluster`, a list of name=url, names this address.
bool names(const std::string& initial_cluster, const ReplicaAddress& address) {
    const std::string item = "," + address.name + "=" + address.peer_url + ",";
    return ("," + initial_cluster + ",").find(item) != std::string::npos;
}

// The smallest of the instants that lie in the future.
bool own_content_is_doubted(const State& state) {
    const ProbeFact* own = state.facts.probes.find(state.facts.settings.self);
    return own != nullptr && peers_doubt(state, own->status.member_id);
}

class Earliest {
  public:
    explicit Earliest(Instant now) : now_(now) {}
    void consider(Instant at) {
        if (at > now_ && (!at_ || at < *at_)) at_ = at;
    }
    std::optional<Instant> at() const { return at_; }

  private:
    Instant now_;
    std::optional<Instant> at_;
};

}  // namespace

bool departing(const Facts& facts) {
    return facts.desired && facts.desired->replicas > 0 &&
           facts.settings.self.value >= facts.desired->replicas;
}

bool wants_etcd(const State& state) {
    const Facts& facts = state.facts;
    if (state.replica.phase != ReplicaPhase::serving || !facts.record) return false;
    if (facts.record->rebuild && !rebuild_is_void(facts)) return false;
    const ReplicaEntry* entry = own_entry(facts);
    if (entry == nullptr || !entry_speaks_for_us(*entry)) return false;
    if (entry->nonce != state.volume.nonce) return false;
    if (!facts.stop_requested) return true;
    // Nobody knows whether this is a restart or a removal: the one that is wrong costs a voter.
    if (facts.desired_unread) return true;
    // Stopping before the removal would cost the others a voter that still counts.
    return departing(facts) && facts.record->replicas.size() > 1;
}

bool may_name_founders(const State& state) {
    return state.replica.phase == ReplicaPhase::gathering &&
           state.facts.settings.self == Ordinal{0};
}

bool admission_is_known(const State& state) {
    const Facts& facts = state.facts;
    const ReplicaEntry* entry = own_entry(facts);
    if (entry == nullptr) return false;
    const bool all_anew = state.now >= probed_since_told(state);
    const auto& addresses = facts.settings.addresses;
    for (std::uint32_t i = 0; i < addresses.size(); ++i) {
        if (Ordinal{i} == facts.settings.self || !names(entry->initial_cluster, addresses[i]))
            continue;
        if (!serves(facts, Ordinal{i})) return false;
        // An answer told after the record began after it (model/observation.hpp).
        if (!all_anew && facts.probes.find(Ordinal{i})->at <= state.replica.told_at) return false;
    }
    return true;
}

std::optional<PlanView> plan_view(const State& state) {
    const Facts& facts = state.facts;
    if (!list_is_evidence(state) || !facts.desired || facts.desired->replicas == 0)
        return std::nullopt;
    PlanView view;
    view.desired = facts.desired->replicas;
    view.version = oldest_answering(facts);
    for (const ListedMember& member : facts.list->members)
        view.members.push_back(planned(state, member));
    for (const auto& [ordinal, entry] : facts.record->replicas) {
        const bool listed =
            entry.member_id.value != 0 && find_member(*facts.list, entry.member_id) != nullptr;
        if (entry.member_id.value != 0 && !listed) view.expelling.push_back(ordinal);
        if (asks(entry) && entry.member_id.value == 0 && !content_is_undecided(facts))
            view.asking.push_back(ordinal);
    }
    return view;
}

bool work_is_visible(const State& state) {
    const Facts& facts = state.facts;
    if (!facts.record || facts.record->stage != RecordStage::formed || facts.record->rebuild)
        return false;
    if (!facts.desired || facts.desired->replicas == 0 || !somebody_serves(facts)) return false;
    for (const auto& [ordinal, entry] : facts.record->replicas) {
        if (founder_not_told_yet(*facts.record, ordinal, entry) && !asks(entry)) continue;
        if (entry_needs_authority(facts, ordinal, entry)) return true;
    }
    // While nobody can say whose content is right, whoever is silent may hold the copy that
    // decides.
    for (const auto& [id, member] : state.members)
        if (member.phase == MemberPhase::failed && !content_is_undecided(facts)) return true;
    return doubt_is_work(state) || space_is_work(state);
}

Span silence_limit(const Facts& facts, Ordinal ordinal) {
    const Policy& policy = facts.settings.policy;
    const bool surplus =
        facts.desired && facts.desired->replicas > 0 && ordinal.value >= facts.desired->replicas;
    return surplus ? std::min(policy.stability_window, policy.unresponsive_after)
                   : policy.unresponsive_after;
}

bool quorum_is_lost(const State& state) {
    const Facts& facts = state.facts;
    if (!facts.record || facts.record->stage == RecordStage::gathering) return false;
    if (!facts.desired || facts.desired->replicas == 0) return false;
    // A cluster that is forming has not lost what it never had, as long as it can still form.
    if (facts.record->stage == RecordStage::forming && founders_suffice(facts)) return false;
    return facts.none_serves_since &&
           state.now >= *facts.none_serves_since + facts.settings.policy.quorum_lost_after;
}

std::optional<RecoveryPlan> recovery_plan(const State& state) {
    if (!state.facts.record) return std::nullopt;
    return plan_recovery(*state.facts.record);
}

std::optional<Instant> next_wake(const State& state) {
    const Facts& facts = state.facts;
    const Policy& policy = facts.settings.policy;
    Earliest earliest(state.now);
    earliest.consider(state.replica.retry_at);
    earliest.consider(state.volume.retry_at);
    earliest.consider(state.process.retry_at);
    earliest.consider(state.cluster.retry_at);
    earliest.consider(state.repair.retry_at);
    earliest.consider(state.authority.retry_at);
    if (state.authority.work_since)
        for (std::uint32_t i = 0; i <= facts.settings.addresses.size(); ++i)
            earliest.consider(*state.authority.work_since +
                              policy.authority_stagger * static_cast<std::int64_t>(i));
    if (facts.none_serves_since) {
        earliest.consider(*facts.none_serves_since + policy.quorum_lost_after);
        earliest.consider(state.cluster.since + policy.survivors_wait);
    }
    for (const auto& [ordinal, probe] : facts.probes)
        if (!healthy(probe.status) && !probe.status.unresolved) {
            const Instant limit =
                std::max({probe.quiet_since, facts.slept_at, serves_since(facts)}) +
                silence_limit(facts, ordinal);
            earliest.consider(limit);
            // While silence is measured a sleep must not pass for it: only a timer that is near can
            // be late.
            if (state.now < limit) earliest.consider(state.now + policy.probe_period);
        }
    if (state.repair.phase != RepairPhase::idle)
        earliest.consider(state.repair.progress + policy.learner_stuck_after);
    for (const auto& [id, command] : state.in_flight)
        earliest.consider(command.deadline + limits::outcome_grace);
    if (leader_of(facts) == facts.settings.self) {
        earliest.consider(facts.hashes_at + policy.hash_check_period);
        if (doubt_is_work(state)) earliest.consider(facts.hashes_at + policy.stability_window);
    }
    earliest.consider(state.alarm.retry_at);
    earliest.consider(state.space.retry_at);
    if (state.space.phase == SpacePhase::parked)
        earliest.consider(state.space.since + policy.hash_check_period);
    earliest.consider(awake_since(facts));
    // Who may change the membership notices soon when it slept: a timer that is far away is not
    // late.
    if (state.authority.phase == AuthorityPhase::holding)
        earliest.consider(state.now + policy.probe_period);
    if (state.now < awake_since(facts)) earliest.consider(state.now + asleep_at_most(state));
    if (facts.list_refused_at != Instant{}) earliest.consider(facts.list_at + policy.retry_period);
    if ((state.replica.phase == ReplicaPhase::examining || may_name_founders(state)) &&
        facts.peers_asked_at != Instant{})
        earliest.consider(std::max(facts.peers_asked_at, facts.slept_at) + policy.peers_wait);
    if (state.replica.phase == ReplicaPhase::examining) earliest.consider(probed_since_told(state));
    if (facts.record_there) earliest.consider(facts.record_behind_at + policy.retry_period);
    if (facts.rebuild_seen_at != Instant{})
        earliest.consider(std::max(facts.rebuild_seen_at, facts.slept_at) + policy.survivors_wait);
    // A doubt ends when nobody tells it any more; a sleep must not pass for that either.
    if (own_content_is_doubted(state)) earliest.consider(state.now + policy.probe_period);
    if (state.replica.phase == ReplicaPhase::serving)
        earliest.consider(state.replica.told_at + policy.high_water_period);
    return earliest.at();
}

}  // namespace quorate
