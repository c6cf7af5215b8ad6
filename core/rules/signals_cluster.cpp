// The signals of the machines that look beyond this replica: member, cluster, repair, authority.
#include <algorithm>

#include "core/facts/evidence.hpp"
#include "core/rules/content.hpp"
#include "core/rules/identity.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/quorum.hpp"
#include "core/rules/record_edits.hpp"
#include "core/rules/signals.hpp"
#include "core/rules/space.hpp"

namespace quorate {
namespace {

// Its own agent says that the volume is gone, or a majority of hashes says that the content is.
bool is_lost(const Facts& facts, Ordinal ordinal, const ListedMember& member) {
    const ReplicaEntry* entry = facts.record ? facts.record->replicas.find(ordinal) : nullptr;
    // A founder may ask before it ever told its id; a learner whose id the record does not know
    // yet has just been added; and a record that was overtaken may say so of one that was let in
    // since, and has served: its silence is measured like anybody's.
    const ProbeFact* probe = facts.probes.find(ordinal);
    const bool has_served = probe != nullptr && probe->healthy_since != Instant{};
    const bool speaks_of_it =
        entry != nullptr && (entry->member_id == member.id ||
                             (entry->member_id.value == 0 && !member.learner && !has_served));
    if (speaks_of_it && entry->claim == VolumeClaim::wants_admission) return true;
    const std::string* diverged = facts.diverged.find(member.id);
    return diverged != nullptr && diverged->empty();
}

bool is_being_defragmented(const State& state, Ordinal ordinal) {
    return std::any_of(state.in_flight.begin(), state.in_flight.end(), [&](const auto& command) {
        const auto* body = std::get_if<Defragment>(&command.second.body);
        return body != nullptr && body->replica == ordinal;
    });
}

using ClusterReading = std::optional<ClusterSignal>;

bool holding(const State& state) { return state.authority.phase == AuthorityPhase::holding; }

bool survivor_is_untold(const State& state) {
    const Facts& facts = state.facts;
    const ReplicaEntry* entry = own_entry(facts);
    if (entry == nullptr || entry->claim != VolumeClaim::holding || !facts.disk) return false;
    const auto surviving = surviving_position(facts);
    // What was told of a volume that was lost since would be rebuilt from in vain.
    if (!surviving) return entry->surviving.has_value();
    return !entry->surviving || *entry->surviving < *surviving;
}

// A member that runs and reached further than the best that told: its agent will tell, or it serves
// in the next moment. Who was cut off approved a plan that knew nothing of it (S4).
std::optional<Ordinal> who_answers_beyond(const Facts& facts, const Survivor& best) {
    for (const auto& [ordinal, entry] : facts.record->replicas) {
        const ProbeFact* probe = facts.probes.find(ordinal);
        if (probe == nullptr || !probe->status.answers || entry.member_id.value == 0) continue;
        const bool is_it = probe->status.member_id == entry.member_id;
        if (is_it && probe->status.index > best.position.index) return ordinal;
    }
    return std::nullopt;
}

std::optional<Rebuild> ordered_rebuild(const State& state) {
    const Facts& facts = state.facts;
    const auto plan = recovery_plan(state);
    if (!plan || !facts.record || facts.record->rebuild) return std::nullopt;
    if (!facts.desired || survivor_is_scaled_away(*plan, *facts.desired)) return std::nullopt;
    const bool by_token = facts.approved_token && *facts.approved_token == plan->token;
    const bool free = rebuild_is_free(*plan, *facts.desired) &&
                      plan->survivors.front().ordinal == facts.settings.self && facts.disk &&
                      facts.disk->last >= plan->survivors.front().position;
    if (!by_token && !free) return std::nullopt;
    const Survivor& best = plan->survivors.front();
    if (who_answers_beyond(facts, best)) return std::nullopt;
    return Rebuild{best.ordinal, best.position, plan->bump, plan->token};
}

signal::survivors_waited parking_notice(const State& state) {
    const auto plan = recovery_plan(state);
    if (!plan)
        return {"quorum is lost and no replica has told of a usable volume",
                "bring a replica of the last quorum back, or restore a snapshot"};
    const Survivor& best = plan->survivors.front();
    const std::string why = "quorum is lost; best survivor is replica " +
                            std::to_string(best.ordinal.value) + " at term " +
                            std::to_string(best.position.term.value) + " index " +
                            std::to_string(best.position.index.value);
    if (state.facts.desired && survivor_is_scaled_away(*plan, *state.facts.desired))
        return {why + ", which is scaled away",
                "bring it back first: quorate scale " + std::to_string(best.ordinal.value + 1)};
    if (const auto further = who_answers_beyond(state.facts, best))
        return {why + "; replica " + std::to_string(further->value) +
                    " answers, does not serve, and reached further",
                "wait for its agent, or stop that replica"};
    return {why, "bring the lost replicas' volumes back, or run: quorate recover plan"};
}

// What is ordered waits for its survivor, whose volume may be half way: nobody else takes its
// place.
std::optional<signal::survivors_waited> order_that_waits(const State& state) {
    const Facts& facts = state.facts;
    const Ordinal survivor = facts.record->rebuild->survivor;
    if (facts.desired->replicas == 0 || survivor.value < facts.desired->replicas)
        return std::nullopt;
    const std::string name = std::to_string(survivor.value);
    return signal::survivors_waited{
        "a rebuild from replica " + name + " is ordered, which is scaled away",
        "bring it back: quorate scale " + std::to_string(survivor.value + 1)};
}

ClusterReading under_order(const State& state) {
    const auto notice = order_that_waits(state);
    if (state.cluster.phase != ClusterPhase::parked || !notice) return signal::rebuild_ordered{};
    return state.cluster.reason == notice->why ? std::nullopt : ClusterReading(*notice);
}

ClusterReading without_quorum(const State& state) {
    const Facts& facts = state.facts;
    if (facts.record->rebuild) return under_order(state);
    if (!facts.none_serves_since || !quorum_is_lost(state)) return signal::quorum_back{};
    if (record_is_busy(state)) return std::nullopt;
    const bool may_write = state.now >= state.cluster.retry_at;
    if (state.cluster.phase == ClusterPhase::quorum_lost && survivor_is_untold(state))
        return may_write ? ClusterReading(signal::survivor_untold{}) : std::nullopt;
    const bool waited = state.now >= state.cluster.since + facts.settings.policy.survivors_wait;
    if (waited && may_write)
        if (auto rebuild = ordered_rebuild(state)) return signal::approved{*rebuild};
    if (!waited) return std::nullopt;
    const auto notice = parking_notice(state);
    if (state.cluster.phase == ClusterPhase::parked && state.cluster.reason == notice.why)
        return std::nullopt;
    return notice;
}

ClusterReading next_change(const State& state) {
    if (in_flight<Defragment>(state)) return std::nullopt;  // one member less is enough
    const auto view = plan_view(state);
    if (!view || state.repair.phase != RepairPhase::idle) return std::nullopt;
    const Plan plan = plan_membership(*view);
    switch (plan.kind) {
        case PlanKind::nothing:
        case PlanKind::wait:
            return std::nullopt;
        case PlanKind::add:
        case PlanKind::admit:
            return signal::grow_next{};
        case PlanKind::expel:
            return signal::repair_next{};
        case PlanKind::remove:
            if (plan.lost) return signal::repair_next{};
            return signal::shrink_next{};
    }
    return std::nullopt;
}

ClusterReading under_change(const State& state) {
    if (quorum_is_lost(state)) return signal::quorum_gone{};
    if (!holding(state)) return signal::let_go{};
    if (state.repair.phase != RepairPhase::idle || !list_is_evidence(state)) return std::nullopt;
    const ClusterReading next = next_change(state);
    if (!next) return signal::change_closed{};
    const bool same = (state.cluster.phase == ClusterPhase::growing &&
                       std::holds_alternative<signal::grow_next>(*next)) ||
                      (state.cluster.phase == ClusterPhase::shrinking &&
                       std::holds_alternative<signal::shrink_next>(*next)) ||
                      (state.cluster.phase == ClusterPhase::repairing &&
                       std::holds_alternative<signal::repair_next>(*next));
    return same ? std::nullopt : ClusterReading(signal::change_closed{});
}

using RepairReading = std::optional<RepairSignal>;

bool repair_waits(const State& state) {
    return in_flight<AddLearner>(state) || in_flight<RemoveMember>(state) ||
           in_flight<PromoteMember>(state) || in_flight<MoveLeader>(state) ||
           record_is_busy(state) || in_flight<CompareContent>(state);
}

RepairReading begin(const State& state) {
    const ClusterPhase phase = state.cluster.phase;
    if (!holding(state) || (phase != ClusterPhase::growing && phase != ClusterPhase::shrinking &&
                            phase != ClusterPhase::repairing))
        return std::nullopt;
    const auto view = plan_view(state);
    if (!view) return std::nullopt;
    const Plan plan = plan_membership(*view);
    switch (plan.kind) {
        case PlanKind::nothing:
        case PlanKind::wait:
            return std::nullopt;
        case PlanKind::add:
        case PlanKind::admit:
            if (content_is_to_compare(state)) return std::nullopt;
            return signal::begin_admission{plan.ordinal, plan.member_id};
        case PlanKind::remove:
            if (plan.lost && content_is_to_compare(state)) return std::nullopt;
            return signal::begin_removal{plan.ordinal, plan.member_id};
        case PlanKind::expel: {
            const ReplicaEntry* entry = state.facts.record->replicas.find(plan.ordinal);
            return signal::begin_removal{plan.ordinal, entry->member_id};
        }
    }
    return std::nullopt;
}

// The member this change is about, as the linearizable list has it.
const ListedMember* target(const State& state) {
    const Facts& facts = state.facts;
    for (const ListedMember& member : facts.list->members) {
        if (state.repair.member_id.value != 0) {
            if (member.id == state.repair.member_id) return &member;
        } else if (ordinal_of(facts, member) == state.repair.ordinal) {
            return &member;
        }
    }
    return nullptr;
}

// An agent that stood still while none of its timers was due does not know that it did, nor who was
// elected meanwhile: the answer of etcd tells its term [v3.4 v3rpc/member.go header]. Whoever leads
// in that one has told a probe two periods later, and else the leader is who it was.
bool leader_may_be_another(const State& state) {
    const Facts& facts = state.facts;
    Term told;
    for (const auto& [ordinal, probe] : facts.probes)
        if (probe.status.serves) told = std::max(told, probe.status.term);
    return told < facts.list->term &&
           state.now < facts.list_at + facts.settings.policy.probe_period * 2;
}

RepairReading leadership(const State& state) {
    const auto view = plan_view(state);
    if (!view) return std::nullopt;
    for (const PlannedMember& member : view->members) {
        if (member.id != state.repair.member_id || !member.leader) continue;
        if (const auto heir = heir_of(*view, member.id)) return signal::leads{*heir};
    }
    return signal::leads_not{};
}

// etcd may have refused the removal for so long that the target was elected: it hands over first.
bool leads_by_now(const State& state) {
    const RepairReading now = leadership(state);
    return now && std::holds_alternative<signal::leads>(*now);
}

// A change is begun for a reason, which may go while etcd refuses the change. Another removal that
// became more urgent does not stop one that is still allowed; a learner's removal is not asked
// again, since the planner would only admit it anew.
bool removal_is_given_up(const State& state) {
    const ListedMember* member = target(state);
    if (member == nullptr || member->learner) return false;
    const auto view = plan_view(state);
    if (!view) return true;  // paused meanwhile
    const Plan plan = plan_membership(*view);
    if (plan.kind != PlanKind::remove) return true;
    if (plan.member_id == member->id) return false;
    // It serves again and is wanted: what it was begun for is gone, whoever else is to go.
    for (const PlannedMember& one : view->members)
        if (one.id == member->id && one.health == MemberHealth::serving && one.ordinal &&
            one.ordinal->value < view->desired)
            return true;
    std::size_t voters = 0;
    std::size_t live_others = 0;
    for (const PlannedMember& one : view->members) {
        if (one.learner) continue;
        ++voters;
        if (one.id != member->id && one.health == MemberHealth::serving) ++live_others;
    }
    return !removal_keeps_quorum(voters, live_others);
}
bool addition_is_given_up(const State& state) {
    const ListedMember* member = target(state);
    if (member != nullptr) return !member->learner;
    const auto view = plan_view(state);
    if (!view) return true;
    const Plan plan = plan_membership(*view);
    return plan.kind != PlanKind::add || plan.ordinal != state.repair.ordinal;
}

RepairReading list_says(const State& state) {
    const ListedMember* member = target(state);
    if (member == nullptr) return signal::unlisted{};
    if (member->learner) return signal::listed_learner{member->id};
    return signal::listed_voter{};
}

bool expelled_in_record(const State& state) {
    const ReplicaEntry* entry = state.facts.record->replicas.find(state.repair.ordinal);
    return entry == nullptr || entry->member_id.value == 0;
}
bool admitted_in_record(const State& state) {
    const ReplicaEntry* entry = state.facts.record->replicas.find(state.repair.ordinal);
    return entry != nullptr && entry->member_id == state.repair.member_id;
}

// The slot is wanted for something else before the limit: the learner is no longer desired (N03),
// or it waits, not started yet, for a voter that is lost and cannot go while a learner is in hand.
bool learner_is_in_the_way(const State& state) {
    const auto& desired = state.facts.desired;
    if (desired && desired->replicas > 0 && state.repair.ordinal.value >= desired->replicas)
        return true;
    const MemberState* learner = state.members.find(state.repair.member_id);
    if (learner == nullptr || learner->phase != MemberPhase::joining) return false;
    return std::any_of(state.members.begin(), state.members.end(), [&](const auto& member) {
        return member.first != state.repair.member_id && member.second.phase == MemberPhase::failed;
    });
}

RepairReading catching_up(const State& state) {
    const Policy& policy = state.facts.settings.policy;
    const ReplicaEntry* entry = state.facts.record->replicas.find(state.repair.ordinal);
    const bool lost = entry != nullptr && entry->claim == VolumeClaim::wants_admission;
    if (list_is_evidence(state)) {
        // What is no learner any more is not waited for as one, and not given up as one.
        const ListedMember* member = target(state);
        if (member == nullptr) return signal::unlisted{};
        if (!member->learner) return signal::listed_voter{};
    }
    if (lost || learner_is_in_the_way(state) ||
        state.now >= state.repair.progress + policy.learner_stuck_after)
        return list_is_evidence(state) ? RepairReading(signal::stuck{}) : std::nullopt;
    const ProbeFact* probe = state.facts.probes.find(state.repair.ordinal);
    if (probe == nullptr || !probe->status.answers) return std::nullopt;
    const HashVerdict verdict = learner_compared(state);
    if (verdict == HashVerdict::none) return signal::content_behind{};
    // Promoted or removed only on a list that nothing has overtaken (S12).
    if (!list_is_evidence(state)) return std::nullopt;
    if (verdict != HashVerdict::equal) return signal::content_differs{};
    return signal::content_equal{};
}

RepairReading verifying(const State& state) {
    const ProbeFact* probe = state.facts.probes.find(state.repair.ordinal);
    if (probe != nullptr && probe->status.serves &&
        probe->status.member_id == state.repair.member_id)
        return signal::serves{};
    if (list_is_evidence(state) && target(state) == nullptr) return signal::unlisted{};
    const ReplicaEntry* entry = state.facts.record->replicas.find(state.repair.ordinal);
    if (entry != nullptr && entry->claim == VolumeClaim::wants_admission) return signal::stuck{};
    if (state.now >= state.repair.progress + state.facts.settings.policy.unresponsive_after)
        return signal::stuck{};
    return std::nullopt;
}

// Who should take authority first: the agent beside the leader, then the others by ordinal.
std::uint32_t rank(const Facts& facts) {
    const auto leader = leader_of(facts);
    if (leader == facts.settings.self) return 0;
    return 1 + facts.settings.self.value;
}

bool one_that_stays_serves(const Facts& facts) {
    return std::any_of(facts.probes.begin(), facts.probes.end(), [&](const auto& entry) {
        return entry.first.value < facts.desired->replicas && entry.second.status.serves;
    });
}

// One that is to go leaves the work to those that stay; while none of them serves it lets them in,
// also after SIGTERM, or nobody ever would.
bool eligible(const State& state) {
    const Facts& facts = state.facts;
    const bool leaving = departing(facts) ? one_that_stays_serves(facts) : facts.stop_requested;
    return facts.unknown_event.empty() && !leaving && serves(facts, facts.settings.self) &&
           state.replica.phase == ReplicaPhase::serving;
}

}  // namespace

std::optional<MemberSignal> read_member(const State& state, MemberId id) {
    const Facts& facts = state.facts;
    const MemberState& member = *state.members.find(id);
    const MemberList* list = newest_list(facts);
    const ListedMember* entry = list != nullptr ? find_member(*list, id) : nullptr;
    if (entry == nullptr) return std::nullopt;
    const Policy& policy = facts.settings.policy;
    const MemberPhase phase = member.phase;
    if (is_lost(facts, member.ordinal, *entry) || is_accused_in_vain(state, id))
        return phase == MemberPhase::failed ? std::nullopt
                                            : std::optional<MemberSignal>(signal::lost{});
    const ProbeFact* probe = facts.probes.find(member.ordinal);
    const bool speaks = probe != nullptr && probe->status.answers && probe->status.member_id == id;
    if (speaks && !entry->learner && probe->status.serves)
        return phase == MemberPhase::voting ? std::nullopt
                                            : std::optional<MemberSignal>(signal::serves{});
    if (speaks && entry->learner && probe->status.learner)
        return phase == MemberPhase::learning
                   ? std::nullopt
                   : std::optional<MemberSignal>(signal::answers_as_learner{});
    if (phase == MemberPhase::unknown) {
        if (entry->learner && entry->name.empty()) return signal::unstarted{};
        return probe == nullptr ? std::nullopt : std::optional<MemberSignal>(signal::quiet{});
    }
    // Nobody is judged while nobody serves: without a quorum every silence looks alike.
    const bool judged = somebody_serves(facts);
    const Span limit =
        entry->learner ? policy.learner_stuck_after : silence_limit(facts, member.ordinal);
    if (phase == MemberPhase::voting || phase == MemberPhase::learning) return signal::quiet{};
    if (phase == MemberPhase::failed || !judged) return std::nullopt;
    if (is_being_defragmented(state, member.ordinal)) return std::nullopt;
    if (probe != nullptr && probe->status.unresolved) return std::nullopt;
    // Known as a learner, it serves as the voter that it has become: the list is the older news.
    if (speaks && probe->status.serves) return std::nullopt;
    // Counted from when it fell silent, but not before this agent could have noticed otherwise, and
    // not while nobody served: who comes back after an outage has had no time to be heard. What an
    // agent slept through is its own silence, not theirs; and what it heard while it had no list to
    // judge by, since its own etcd was down, was heard.
    const Instant quiet = probe != nullptr ? probe->quiet_since : Instant{};
    const Instant since =
        std::max({member.since, quiet, facts.started_at, facts.slept_at, serves_since(facts)});
    if (state.now >= since + limit) return signal::limit_passed{};
    return std::nullopt;
}

std::optional<ClusterSignal> read_cluster(const State& state) {
    if (!state.facts.record || !state.facts.desired) return std::nullopt;
    switch (state.cluster.phase) {
        case ClusterPhase::following:
            if (quorum_is_lost(state)) return signal::quorum_gone{};
            if (holding(state)) return signal::took_over{};
            return std::nullopt;
        case ClusterPhase::steady:
            if (quorum_is_lost(state)) return signal::quorum_gone{};
            if (!holding(state)) return signal::let_go{};
            return next_change(state);
        case ClusterPhase::growing:
        case ClusterPhase::shrinking:
        case ClusterPhase::repairing:
            return under_change(state);
        case ClusterPhase::quorum_lost:
        case ClusterPhase::parked:
            return without_quorum(state);
        case ClusterPhase::rebuilding:
            if (!state.facts.record->rebuild) return signal::rebuilt{};
            return order_that_waits(state);
    }
    return std::nullopt;
}

std::optional<RepairSignal> read_repair(const State& state) {
    const RepairState& repair = state.repair;
    if (!state.facts.record || repair_waits(state)) return std::nullopt;
    if (repair.phase == RepairPhase::idle) return begin(state);
    const bool retry = state.now >= repair.retry_at;
    switch (repair.phase) {
        case RepairPhase::idle:
            return std::nullopt;
        case RepairPhase::fencing:
            if (!list_is_evidence(state) || !retry) return std::nullopt;
            if (removal_is_given_up(state)) return signal::let_go{};
            if (leader_may_be_another(state)) return std::nullopt;
            return leadership(state);
        case RepairPhase::removing:
            if (!list_is_evidence(state)) return std::nullopt;
            if (target(state) != nullptr && !retry) return std::nullopt;
            if (removal_is_given_up(state) || leads_by_now(state)) return signal::let_go{};
            if (target(state) != nullptr && leader_may_be_another(state)) return std::nullopt;
            return list_says(state);
        case RepairPhase::wiping:
            if (expelled_in_record(state)) return signal::told{};
            return retry ? RepairReading(signal::untold{}) : std::nullopt;
        case RepairPhase::adding:
            if (!list_is_evidence(state)) return std::nullopt;
            if (target(state) == nullptr && !retry) return std::nullopt;
            if (addition_is_given_up(state)) return signal::let_go{};
            return list_says(state);
        case RepairPhase::admitting:
            if (admitted_in_record(state)) return signal::told{};
            if (!list_is_evidence(state) || !retry) return std::nullopt;
            return signal::untold{};
        case RepairPhase::catching_up:
            return retry ? catching_up(state) : std::nullopt;
        case RepairPhase::promoting:
            if (!list_is_evidence(state)) return std::nullopt;
            return list_says(state);
        case RepairPhase::verifying:
            return verifying(state);
    }
    return std::nullopt;
}

std::optional<AuthoritySignal> read_authority(const State& state) {
    const AuthorityState& authority = state.authority;
    const Facts& facts = state.facts;
    switch (authority.phase) {
        case AuthorityPhase::without: {
            if (!authority.work_since || !eligible(state) || state.now < authority.retry_at)
                return std::nullopt;
            const Span head_start =
                facts.settings.policy.authority_stagger * static_cast<std::int64_t>(rank(facts));
            if (state.now < *authority.work_since + head_start) return std::nullopt;
            return signal::work_for_us{};
        }
        case AuthorityPhase::acquiring:
            if (in_flight<AcquireAuthority>(state)) return std::nullopt;
            if (authority.fence.value != 0) return signal::granted{};
            return signal::not_granted{};
        case AuthorityPhase::holding: {
            if (authority.fence.value == 0) return signal::authority_lost{};
            // A change is closed by the cluster first; then authority is given back.
            const ClusterPhase phase = state.cluster.phase;
            const bool busy = phase == ClusterPhase::growing || phase == ClusterPhase::shrinking ||
                              phase == ClusterPhase::repairing ||
                              state.repair.phase != RepairPhase::idle || space_is_work(state);
            const bool halted = !facts.unknown_event.empty();
            if ((busy && !halted) || in_flight<WriteRecord>(state) || in_flight<ListMembers>(state))
                return std::nullopt;
            if (!eligible(state) || !authority.work_since) return signal::work_done{};
            return std::nullopt;
        }
        case AuthorityPhase::releasing:
            if (in_flight<ReleaseAuthority>(state)) return std::nullopt;
            return signal::authority_lost{};
    }
    return std::nullopt;
}

}  // namespace quorate
