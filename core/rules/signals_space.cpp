// The signals of machine `space`. Order (etcd facts 9): compact, defragment one at a time with the
// leader last, look at the sizes, disarm; never while CORRUPT stands, since up to 3.5 the alarm
// that goes last lets writes through.
#include <algorithm>

#include "core/facts/evidence.hpp"
#include "core/rules/content.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/signals.hpp"
#include "core/rules/space.hpp"

namespace quorate {
namespace {

using Reading = std::optional<SpaceSignal>;

// Left for watches that are behind when the first compaction may be enough; the second leaves none.
constexpr std::int64_t revisions_kept = 1000;
constexpr std::uint32_t compactions_max = 2;

// Defragmentation takes a member away for a while: not while another is, or while one learns.
bool all_members_serve(const State& state) {
    const Facts& facts = state.facts;
    if (!list_is_evidence(state)) return false;
    return std::all_of(facts.list->members.begin(), facts.list->members.end(),
                       [&](const ListedMember& member) {
                           const auto ordinal = ordinal_of(facts, member);
                           return !member.learner && ordinal && serves(facts, *ordinal);
                       });
}

bool may_act(const State& state) {
    return state.cluster.phase == ClusterPhase::steady && state.repair.phase == RepairPhase::idle &&
           !content_is_doubted(state.facts) && all_members_serve(state) &&
           state.now >= state.space.retry_at;
}

Revision newest_revision(const Facts& facts) {
    Revision newest;
    for (const auto& [ordinal, probe] : facts.probes)
        newest = std::max(newest, probe.status.revision);
    return newest;
}

Reading next_compaction(const State& state) {
    if (!may_act(state)) return std::nullopt;
    const Revision newest = newest_revision(state.facts);
    const std::int64_t kept = state.space.compactions == 0 ? revisions_kept : 0;
    return signal::may_compact{Revision{std::max<std::int64_t>(1, newest.value - kept)}};
}

Reading when_compacting(const State& state) {
    if (in_flight<Compact>(state)) return std::nullopt;
    if (state.facts.compacted >= state.space.compacting_at) return signal::compacted{};
    return next_compaction(state);
}

// The followers in the order of ordinals, then the leader.
std::optional<Ordinal> next_fragmented(const State& state) {
    const Facts& facts = state.facts;
    const auto leader = leader_of(facts);
    std::optional<Ordinal> last;
    for (const auto& [ordinal, probe] : facts.probes) {
        if (!probe.status.serves || state.space.defragmented.contains(ordinal)) continue;
        if (leader != ordinal) return ordinal;
        last = ordinal;
    }
    return last;
}

// Sizes count only when they were told after the member was defragmented.
bool sizes_are_known(const State& state) {
    return std::all_of(state.space.defragmented.begin(), state.space.defragmented.end(),
                       [&](const auto& done) {
                           const ProbeFact* probe = state.facts.probes.find(done.first);
                           return probe == nullptr || probe->at > done.second;
                       });
}

std::string in_mib(Bytes bytes) { return std::to_string(bytes.value >> 20) + " MiB"; }

// Deleting raises the revision, and nothing else can while the alarm stands. How many pages that
// left free is told by etcd only after its next write, which may be long.
bool somebody_deleted(const State& state) {
    return newest_revision(state.facts) > state.space.compacting_at &&
           state.now >= state.space.since + state.facts.settings.policy.hash_check_period;
}

signal::nothing_helps parking_notice(const Facts& facts) {
    Bytes largest;
    for (const auto& [ordinal, probe] : facts.probes)
        largest = std::max(largest, probe.status.db_size_in_use);
    return {"the database is full: " + in_mib(largest) + " of " + in_mib(quota_of(facts.settings)) +
                " are in use after compaction",
            "delete what is not needed and compact (etcdctl del, etcdctl compaction), or start "
            "with a larger --quota-backend-bytes"};
}

Reading when_defragmenting(const State& state) {
    if (in_flight<Defragment>(state) || !may_act(state)) return std::nullopt;
    if (const auto next = next_fragmented(state)) return signal::fragmented{*next};
    if (!sizes_are_known(state)) return std::nullopt;
    if (files_have_room(state.facts)) return signal::has_room{};
    if (state.space.compactions < compactions_max) return signal::still_full{};
    return parking_notice(state.facts);
}

// The alarm that still stands may be another one: what was freed for the first says nothing of it
// (S13), and neither do sizes from before it was disarmed.
bool sizes_are_told_anew(const State& state) {
    const auto& probes = state.facts.probes;
    return std::all_of(probes.begin(), probes.end(), [&](const auto& probe) {
        return !probe.second.status.answers || probe.second.at >= state.space.retry_at;
    });
}

}  // namespace

std::optional<SpaceSignal> read_space(const State& state) {
    const SpacePhase phase = state.space.phase;
    const bool wanting = space_is_short(state.facts);
    if (phase == SpacePhase::enough)
        return wanting ? Reading(signal::short_of_space{}) : std::nullopt;
    if (!wanting) return signal::space_back{};
    if (phase == SpacePhase::parked) {
        const bool again = pages_have_room(state.facts) || somebody_deleted(state);
        return again ? Reading(signal::has_room{}) : std::nullopt;
    }
    if (state.authority.phase != AuthorityPhase::holding)
        return phase == SpacePhase::wanting ? std::nullopt : Reading(signal::let_go{});
    switch (phase) {
        case SpacePhase::wanting:
            return next_compaction(state);
        case SpacePhase::compacting:
            return when_compacting(state);
        case SpacePhase::defragmenting:
            return when_defragmenting(state);
        case SpacePhase::disarming:
            if (in_flight<DisarmNospace>(state) || !may_act(state)) return std::nullopt;
            // What the first disarming let through may have filled it again.
            if (!files_have_room(state.facts)) return signal::still_full{};
            return sizes_are_told_anew(state) ? Reading(signal::has_room{}) : std::nullopt;
        case SpacePhase::enough:
        case SpacePhase::parked:
            break;
    }
    return std::nullopt;
}

}  // namespace quorate
