// The signals of this agent's own machines: replica, volume, process.
#include <algorithm>

#include "core/facts/evidence.hpp"
#include "core/facts/memory.hpp"
#include "core/rules/identity.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/record_edits.hpp"
#include "core/rules/recovery_table.hpp"
#include "core/rules/signals.hpp"
#include "core/rules/version_gate.hpp"

namespace quorate {
namespace {

using Reading = std::optional<ReplicaSignal>;

bool may_retry(const State& state) { return state.now >= state.replica.retry_at; }
bool record_is_free(const State& state) { return !record_is_busy(state); }

// Not at the first older news: the next may be on its way.
bool is_no_late_news(const State& state) {
    const Facts& facts = state.facts;
    return facts.record_there &&
           state.now >= facts.record_behind_at + facts.settings.policy.retry_period;
}
// Who waits for something else goes to examining, where the newer one is put back.
bool stays_behind(const State& state) { return state.facts.record && is_no_late_news(state); }
Reading record_behind(const State& state) {
    if (!is_no_late_news(state) || in_flight<WriteRecord>(state) || !may_retry(state))
        return std::nullopt;
    return signal::record_behind{};
}

// Data that only another cluster's record explains. It may be the last copy of it: that the store
// was given another record says nothing against it (S6).
bool is_of_another_cluster(const Facts& facts) {
    return facts.disk->shape != DiskShape::empty && facts.disk->identity && facts.record &&
           is_founded(*facts.record) && facts.disk->identity->lineage != facts.record->lineage;
}

VolumeFacts volume_of(const Facts& facts) {
    const auto remembered = remembered_of_self(facts);
    return {facts.settings.self, *facts.disk, *facts.record,
            remembered ? remembered->what.position : LogPosition{}, facts.stamped};
}

RecoveryCase case_of(const Facts& facts) {
    RecoveryCase input;
    input.paused = facts.desired->replicas == 0;
    input.wanted = facts.settings.self.value < facts.desired->replicas;
    input.data = facts.disk->shape != DiskShape::empty;
    input.founded = facts.record && facts.record->stage != RecordStage::gathering;
    if (!input.founded) return input;
    const ReplicaEntry* entry = own_entry(facts);
    const bool named =
        entry != nullptr &&
        (entry->member_id.value != 0 || is_founder(*facts.record, facts.settings.self)) &&
        entry->claim == VolumeClaim::holding;
    input.member = named;
    const VolumeFacts volume = volume_of(facts);
    if (input.data) {
        input.continues = named && !discontinuity(volume);
    } else {
        input.unused = named && start_unused(volume);
    }
    return input;
}

std::string discontinuity_of(const Facts& facts) {
    const auto why = discontinuity(volume_of(facts));
    return name_of(why.value_or(Discontinuity::not_a_member));
}

std::string text_of(LogPosition position) {
    return "term " + std::to_string(position.term.value) + " index " +
           std::to_string(position.index.value);
}

// Which other agent remembers more of this volume than it holds (S5).
std::string more_remembered(const Facts& facts) {
    const auto remembered = remembered_of_self(facts);
    if (!remembered || remembered->what.position <= facts.disk->last) return {};
    return "replica " + std::to_string(remembered->by.value) + " remembers it at " +
           text_of(remembered->what.position) + ", it ends at " + text_of(facts.disk->last);
}

// One that is not wanted any more asks once, so that its member is known to be lost, and not again.
bool must_ask(const Facts& facts) {
    const ReplicaEntry* entry = own_entry(facts);
    const bool wanted = facts.settings.self.value < facts.desired->replicas;
    return entry != nullptr && (wanted || entry->claim != VolumeClaim::wants_admission);
}

signal::cannot_continue last_copy(const std::string& why) {
    return {"the only member's volume cannot be used (" + why + "); nothing was moved",
            "put the volume back as it was, or restore a snapshot into it"};
}

// Every other member of the old epoch has fallen silent: its replicas saw the order and stopped, or
// are gone with their agents (S3).
bool old_epoch_is_silent(const Facts& facts) {
    return std::none_of(facts.probes.begin(), facts.probes.end(), [&](const auto& probe) {
        return probe.first != facts.settings.self && probe.second.status.answers;
    });
}

// Those that told may have found together since, and who told nothing may never have stopped: a
// quorum that serves takes the order back, which needs its time (S3).
bool others_have_had_time(const State& state) {
    const Facts& facts = state.facts;
    const Instant since = std::max({facts.rebuild_seen_at, facts.slept_at});
    if (state.now >= since + facts.settings.policy.survivors_wait) return true;
    const auto& replicas = facts.record->replicas;
    return std::none_of(replicas.begin(), replicas.end(), [&](const auto& other) {
        const ReplicaEntry& entry = other.second;
        return other.first != facts.settings.self && entry.claim == VolumeClaim::holding &&
               !(entry.high_water_final && !entry.surviving);
    });
}

// What was approved is this volume as it was told of, or what the rebuild made of it before a crash
// (S7). Any other disk would bring back less than the person agreed to: it joins like any other,
// and with it the order is void.
bool is_as_approved(const Facts& facts) {
    const DiskReport& disk = *facts.disk;
    const ClusterRecord& record = *facts.record;
    if (disk.shape == DiskShape::empty) return false;
    const auto why = discontinuity({facts.settings.self, disk, record, {}, facts.stamped});
    if (!why) return record.rebuild->position <= disk.last;
    const ReplicaEntry* entry = own_entry(facts);
    return *why == Discontinuity::other_epoch &&
           disk.identity->epoch.value == record.epoch.value + 1 && entry != nullptr &&
           (disk.identity->nonce == entry->nonce || disk.identity->nonce == entry->nonce_next);
}

// Who approved the order was shown what had been told until then. A volume that continues its
// member and holds more was cut off, and may have acknowledged until it saw the order: with it the
// cluster lives on, or a person decides anew with it before their eyes (S4, S7).
bool holds_more_than_ordered(const Facts& facts) {
    return facts.disk->shape != DiskShape::empty && !discontinuity(volume_of(facts)) &&
           facts.record->rebuild->position < facts.disk->last;
}

Reading as_other_than_survivor(const State& state) {
    if (state.replica.condemned || !holds_more_than_ordered(state.facts))
        return signal::must_wait{};
    if (!record_is_free(state) || !may_retry(state)) return std::nullopt;
    return signal::order_falls_short{};
}

Reading as_survivor(const State& state) {
    const Facts& facts = state.facts;
    if (is_as_approved(facts))
        return old_epoch_is_silent(facts) && others_have_had_time(state) ? Reading(signal::chosen{})
                                                                         : std::nullopt;
    if (is_sole_member(facts)) return last_copy("not as approved");
    if (facts.disk->shape != DiskShape::empty)
        return signal::not_continuation{discontinuity_of(facts)};
    if (!record_is_free(state)) return std::nullopt;
    return signal::needs_admission{state.replica.reason.empty() ? "empty-volume"
                                                                : state.replica.reason};
}

constexpr char removed[] = "removed-from-cluster";

// What a removed member left may be the last copy of what was acknowledged while it was one (S6):
// it is moved away only while others serve, who have it. What has just woken does not know that.
Reading left_by_a_removed_member(const State& state, const std::string& why) {
    const Facts& facts = state.facts;
    if (somebody_serves(facts) && state.now >= awake_since(facts))
        return signal::not_continuation{why};
    const Span limit = facts.settings.policy.quorum_lost_after;
    if (!facts.none_serves_since || state.now < *facts.none_serves_since + limit)
        return std::nullopt;
    return signal::cannot_continue{
        "no member serves, and this volume holds what a removed one left, up to " +
            text_of(facts.disk->last) + "; it was not moved",
        "bring the members' volumes back; if all are lost this copy can be restored from, without "
        "what was written after the removal"};
}

Reading verdict_signal(const State& state) {
    const Facts& facts = state.facts;
    const RecoveryRow& row = recovery_rule(case_of(facts));
    switch (row.verdict) {
        case RecoveryVerdict::wait:
            return signal::must_wait{};
        case RecoveryVerdict::tell_empty:
            return signal::nothing_founded{};
        case RecoveryVerdict::refuse_to_found:
            return signal::cannot_continue{
                "there is etcd data in this volume but no cluster record",
                "bring the record back, or move the data away if the cluster is really new"};
        case RecoveryVerdict::start: {
            const ReplicaEntry& entry = *own_entry(facts);
            const bool joining = !entry.initial_cluster.empty();
            if (joining && state.replica.condemned)
                return signal::needs_admission{state.replica.reason};
            if (joining && facts.disk->shape == DiskShape::empty && !admission_is_known(state))
                return std::nullopt;
            return signal::may_start{};
        }
        case RecoveryVerdict::set_aside: {
            const std::string why = discontinuity_of(facts);
            if (row.id == RuleId::D12) return left_by_a_removed_member(state, why);
            if (is_sole_member(facts)) return last_copy(why);
            return signal::not_continuation{why, more_remembered(facts)};
        }
        case RecoveryVerdict::ask_admission: {
            if (is_sole_member(facts)) return last_copy("empty");
            const std::string& why = state.replica.reason;
            if (why.empty()) return signal::needs_admission{"empty-volume", more_remembered(facts)};
            return signal::needs_admission{why};
        }
        case RecoveryVerdict::impossible:
            break;
    }
    return signal::cannot_continue{"the examination of the volume contradicts itself",
                                   "report this with the journal"};
}

// Asked to stop, but this volume still counts as a voter that is to be removed: its etcd is wanted
// until then, also when it ended before the smaller number of replicas was known.
bool stays_until_removed(const Facts& facts) {
    if (!departing(facts) || !facts.disk || facts.disk->shape != DiskShape::whole || !facts.record)
        return false;
    const ReplicaEntry* entry = own_entry(facts);
    return entry != nullptr && entry->claim == VolumeClaim::holding &&
           entry->member_id.value != 0 && !facts.record->rebuild &&
           facts.record->replicas.size() > 1 && facts.unknown_event.empty() &&
           !discontinuity(volume_of(facts));
}
bool stops(const Facts& facts) { return facts.stop_requested && !stays_until_removed(facts); }

Reading when_stopping(const State& state) {
    const Facts& facts = state.facts;
    if (!facts.unknown_event.empty()) return signal::stop_asked{};  // it decides nothing more
    if (!facts.disk || facts.disk->shape != DiskShape::whole || !facts.record)
        return signal::stop_asked{};
    const ReplicaEntry* entry = own_entry(facts);
    const bool ours = entry != nullptr && entry->claim == VolumeClaim::holding &&
                      entry->member_id.value != 0 && !facts.record->rebuild &&
                      !discontinuity(volume_of(facts));
    const bool told = ours && entry->high_water_final && facts.disk->last <= entry->high_water;
    if (!ours || told) return signal::stop_asked{};
    if (!record_is_free(state) || !may_retry(state)) return std::nullopt;
    return signal::untold{};
}

signal::cannot_continue somebody_knows(const Facts& facts, Ordinal who) {
    const std::string name = "replica " + std::to_string(who.value);
    return {"the store has no record of a cluster, and " + name +
                " knows of one: " + facts.peers.find(who)->report.founded.value,
            "let " + name +
                " put its record back, or move its data away if the cluster is "
                "really new"};
}

Reading examined(const State& state) {
    const Facts& facts = state.facts;
    if (!facts.unknown_event.empty() && !facts.stop_requested)
        return signal::cannot_continue{
            "the journal or an adapter knows more than this release: " + facts.unknown_event,
            "run the release that wrote it"};
    if (facts.etcd_running || (state.process.phase != ProcessPhase::stopped &&
                               state.process.phase != ProcessPhase::backing_off))
        return std::nullopt;
    if (in_flight<ExamineDisk>(state) || in_flight<StartEtcd>(state)) return std::nullopt;
    if (!facts.record_unreadable.empty() && !facts.stop_requested)
        return signal::cannot_continue{
            "the cluster record cannot be read: " + facts.record_unreadable,
            unreadable_record_step};
    if (!facts.disk) return may_retry(state) ? Reading(signal::unexamined{}) : std::nullopt;
    if (facts.record_there && facts.record) return record_behind(state);
    if (stops(facts)) return when_stopping(state);
    if (!facts.desired || !facts.record_known) return std::nullopt;
    if (facts.record_there && !facts.record && *facts.record_there != RecordRevision{})
        return signal::cannot_continue{
            "the cluster record went back from revision " +
                std::to_string(facts.record_before->revision.value) + " to " +
                std::to_string(facts.record_there->value),
            "a replica whose volume holds data puts the newer one back; or put it back by hand"};
    if (facts.disk->in_use)
        return signal::cannot_continue{"another process runs on this volume's data",
                                       "stop that process"};
    if (is_of_another_cluster(facts))
        return signal::cannot_continue{
            "this volume holds data of another cluster, " + facts.disk->identity->lineage.value +
                "; the record is of " + facts.record->lineage.value,
            "put the record of the cluster that is to live back, and move the data of the other "
            "one away"};
    if (facts.record && facts.record->rebuild) {
        return facts.record->rebuild->survivor == facts.settings.self
                   ? as_survivor(state)
                   : as_other_than_survivor(state);
    }
    if (state.replica.condemned && facts.disk->shape != DiskShape::empty) {
        if (is_sole_member(facts)) return last_copy(state.replica.reason);
        if (etcd_was_removed(facts)) return left_by_a_removed_member(state, removed);
        return signal::not_continuation{state.replica.reason};
    }
    if (state.replica.condemned && !is_sole_member(facts) && must_ask(facts))
        return record_is_free(state) ? Reading(signal::needs_admission{state.replica.reason})
                                     : std::nullopt;
    Reading verdict = verdict_signal(state);
    if (verdict && std::holds_alternative<signal::nothing_founded>(*verdict))
        if (const auto who = knows_a_cluster(facts)) return somebody_knows(facts, *who);
    const bool writes = verdict && (std::holds_alternative<signal::nothing_founded>(*verdict) ||
                                    std::holds_alternative<signal::needs_admission>(*verdict));
    if (writes && (!record_is_free(state) || !may_retry(state))) return std::nullopt;
    // Nothing runs before those that may remember more were heard. One that is parked begins again
    // from here when it may start: only who examines asks them.
    if (verdict && std::holds_alternative<signal::may_start>(*verdict) &&
        state.replica.phase == ReplicaPhase::examining && !peers_are_heard(state))
        return std::nullopt;
    return verdict;
}

// What would start etcd on this volume, or make it ask for a place to start: not with every binary.
// Data that is to be set aside is, whatever the binary: nothing is started on it.
bool leads_to_a_start(const ReplicaSignal& signal) {
    return std::holds_alternative<signal::may_start>(signal) ||
           std::holds_alternative<signal::chosen>(signal) ||
           std::holds_alternative<signal::needs_admission>(signal) ||
           std::holds_alternative<signal::nothing_founded>(signal);
}

Reading when_examining(const State& state) {
    Reading reading = examined(state);
    if (!reading || !leads_to_a_start(*reading)) return reading;
    if (const auto gate = version_gate(version_case(state.facts)))
        return signal::cannot_continue{gate->why, gate->next_step};
    return reading;
}

bool all_have_told(const Facts& facts) {
    if (!facts.desired || facts.desired->replicas == 0) return false;
    const std::uint32_t founders =
        facts.desired->policy == PodManagement::ordered ? 1 : facts.desired->replicas;
    for (std::uint32_t i = 0; i < founders; ++i) {
        const ReplicaEntry* entry = facts.record->replicas.find(Ordinal{i});
        if (entry == nullptr || entry->claim != VolumeClaim::empty) return false;
    }
    return true;
}

Reading when_gathering(const State& state) {
    const Facts& facts = state.facts;
    if (facts.stop_requested || stays_behind(state)) return signal::look_again{};
    if (facts.record && facts.record->stage != RecordStage::gathering) return signal::look_again{};
    if (!record_is_free(state)) return std::nullopt;
    const ReplicaEntry* entry = own_entry(facts);
    if (entry == nullptr || entry->claim != VolumeClaim::empty)
        return may_retry(state) ? Reading(signal::untold{}) : std::nullopt;
    if (knows_a_cluster(facts)) return signal::look_again{};
    if (!may_name_founders(state) || !all_have_told(facts)) return std::nullopt;
    // Nothing is founded before those that may know of a cluster were heard.
    if (!all_are_heard(facts, state.now)) return std::nullopt;
    // The first time at once; a store that cannot be reached is not asked in a hot loop (S21).
    const bool first =
        state.replica.retry_at <= state.replica.told_at + facts.settings.policy.retry_period;
    return may_retry(state) || first ? Reading(signal::all_told{}) : std::nullopt;
}

Reading when_claiming(const State& state) {
    const Facts& facts = state.facts;
    if (state.volume.phase == VolumePhase::claimed) return signal::claimed{};
    // The record may be deleted at any time; without one there is nothing to claim.
    if (!facts.record || facts.record->rebuild || stays_behind(state)) return signal::look_again{};
    const ReplicaEntry* entry = own_entry(facts);
    if (entry == nullptr || entry->claim != VolumeClaim::holding) return signal::look_again{};
    if (facts.stop_requested && !departing(facts) && state.volume.phase != VolumePhase::stamping)
        return signal::look_again{};
    return std::nullopt;
}

// The name under which condemned data is set aside at once; empty: this exit says nothing about the
// data, or is no reason to move it before it was looked at.
std::string condemned_by(const ChildExit& exit) {
    switch (exit.exit_class) {
        case ExitClass::already_bootstrapped:
            return "already-bootstrapped";
        case ExitClass::log_lost:
            return "log-lost";
        case ExitClass::wal_damaged:
            return "wal-damaged";
        case ExitClass::db_damaged:
            return "db-damaged";
        case ExitClass::data_inconsistent:
            return "data-differs-from-peers";
        case ExitClass::removed:
        case ExitClass::stopped:
        case ExitClass::killed:
        case ExitClass::not_admitted:
        case ExitClass::peers_unreachable:
        case ExitClass::older_binary:
        case ExitClass::disk_full:
        case ExitClass::disk_refused:
        case ExitClass::address_in_use:
        case ExitClass::bad_arguments:
        case ExitClass::unknown:
            return {};
    }
    return {};
}

Reading when_serving(const State& state) {
    const Facts& facts = state.facts;
    const bool at_rest = state.process.phase == ProcessPhase::stopped ||
                         state.process.phase == ProcessPhase::backing_off;
    if (facts.exits != state.replica.exits_seen && !facts.etcd_running && at_rest) {
        const std::string why = facts.last_exit ? condemned_by(*facts.last_exit) : std::string();
        if (!why.empty() && !is_sole_member(facts) && !facts.stop_requested)
            return signal::condemned{why};
        return signal::child_ended{};
    }
    if (auto behind = record_behind(state)) return behind;
    // Also between two starts: what is not wanted any more has no next one to wait for.
    if (at_rest && !facts.etcd_running && !wants_etcd(state)) return signal::child_ended{};
    if (own_truth_is_untold(state) && record_is_free(state) && may_retry(state))
        return signal::untold{};
    return std::nullopt;
}

Reading when_awaiting(const State& state) {
    const Facts& facts = state.facts;
    if (facts.stop_requested || !facts.record || stays_behind(state)) return signal::look_again{};
    if (facts.record->rebuild && facts.record->rebuild->survivor != facts.settings.self)
        return signal::look_again{};
    const ReplicaEntry* entry = own_entry(facts);
    const bool asks = entry != nullptr && entry->claim == VolumeClaim::wants_admission;
    if (entry != nullptr && entry->claim == VolumeClaim::holding &&
        !entry->initial_cluster.empty() && entry->nonce.value == 0)
        return signal::look_again{};
    if (facts.desired && (departing(facts) || facts.desired->replicas == 0))
        return signal::look_again{};
    if (asks || !record_is_free(state) || !may_retry(state)) return std::nullopt;
    return signal::untold{};
}

Reading when_idle(const State& state) {
    const Facts& facts = state.facts;
    if (stops(facts) || !facts.disk || stays_behind(state)) return signal::look_again{};
    if (facts.record && facts.record->rebuild &&
        facts.record->rebuild->survivor != facts.settings.self)
        return std::nullopt;
    if (facts.record && facts.record->rebuild) return signal::look_again{};
    if (!facts.desired) return std::nullopt;
    if (recovery_rule(case_of(facts)).verdict != RecoveryVerdict::wait) return signal::look_again{};
    return std::nullopt;
}

Reading when_rebuilding(const State& state) {
    const Facts& facts = state.facts;
    if (in_flight<RebuildEtcd>(state)) return std::nullopt;
    if (!facts.record || !facts.record->rebuild || stays_behind(state)) return signal::look_again{};
    if (!may_retry(state) || !record_is_free(state)) return std::nullopt;
    const Epoch next{facts.record->epoch.value + 1};
    if (facts.rebuilt == next) return signal::untold{};
    return signal::unrebuilt{};
}

Reading when_parked(const State& state) {
    if (stops(state.facts)) return signal::look_again{};
    if (state.process.phase != ProcessPhase::stopped &&
        state.process.phase != ProcessPhase::backing_off)
        return std::nullopt;
    const Reading now = when_examining(state);
    if (now && !std::holds_alternative<signal::cannot_continue>(*now)) return signal::look_again{};
    return std::nullopt;
}

}  // namespace

std::optional<ReplicaSignal> read_replica(const State& state) {
    if (state.facts.started_at == Instant{}) return std::nullopt;
    switch (state.replica.phase) {
        case ReplicaPhase::examining:
            return when_examining(state);
        case ReplicaPhase::gathering:
            return when_gathering(state);
        case ReplicaPhase::claiming:
            return when_claiming(state);
        case ReplicaPhase::serving:
            return when_serving(state);
        case ReplicaPhase::setting_aside:
            if (in_flight<SetAsideData>(state)) return std::nullopt;
            return signal::look_again{};
        case ReplicaPhase::awaiting_admission:
            return when_awaiting(state);
        case ReplicaPhase::idle:
            return when_idle(state);
        case ReplicaPhase::rebuilding:
            return when_rebuilding(state);
        case ReplicaPhase::leaving:
            return std::nullopt;
        case ReplicaPhase::parked:
            return when_parked(state);
    }
    return std::nullopt;
}

std::optional<VolumeSignal> read_volume(const State& state) {
    const VolumeState& volume = state.volume;
    const bool needed =
        state.replica.phase == ReplicaPhase::claiming ||
        (volume.phase == VolumePhase::claimed && state.replica.phase == ReplicaPhase::serving);
    if (volume.phase == VolumePhase::open) {
        if (!needed || !record_is_free(state)) return std::nullopt;
        return signal::wanted{};
    }
    if (!needed) return signal::let_go{};
    const ReplicaEntry* entry = own_entry(state.facts);
    const bool retry = state.now >= volume.retry_at;
    if (entry == nullptr) return signal::let_go{};
    switch (volume.phase) {
        case VolumePhase::announcing:
            if (entry->nonce_next == volume.nonce) return signal::announced{};
            if (!record_is_free(state) || !retry) return std::nullopt;
            return signal::untold{};
        case VolumePhase::stamping:
            if (in_flight<StampVolume>(state)) return std::nullopt;
            if (state.facts.stamped == volume.nonce)
                return record_is_free(state) ? std::optional<VolumeSignal>(signal::stamped{})
                                             : std::nullopt;
            if (!retry) return std::nullopt;
            return signal::unstamped{};
        case VolumePhase::confirming:
            if (entry->nonce == volume.nonce) return signal::confirmed{};
            if (!record_is_free(state) || !retry) return std::nullopt;
            return signal::untold{};
        case VolumePhase::open:
        case VolumePhase::claimed:
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<ProcessSignal> read_process(const State& state) {
    const Facts& facts = state.facts;
    const bool wanted = wants_etcd(state);
    const ProbeFact* own = facts.probes.find(facts.settings.self);
    const bool answers = own != nullptr && own->status.answers;
    switch (state.process.phase) {
        case ProcessPhase::stopped:
            if (wanted && !in_flight<StartEtcd>(state)) return signal::wanted{};
            return std::nullopt;
        case ProcessPhase::starting:
            if (in_flight<StartEtcd>(state)) return std::nullopt;
            if (!facts.etcd_running)
                return facts.exits != state.replica.exits_seen
                           ? std::optional<ProcessSignal>(signal::exited{})
                           : std::optional<ProcessSignal>(signal::spawn_failed{});
            if (!wanted) return signal::let_go{};
            if (answers && healthy(own->status)) return signal::ready{};
            return std::nullopt;
        case ProcessPhase::serving:
            if (!facts.etcd_running) return signal::exited{};
            if (!wanted) return signal::let_go{};
            return std::nullopt;
        case ProcessPhase::draining:
            if (!facts.etcd_running) return signal::exited{};
            if (state.now >= state.process.retry_at && !in_flight<StopEtcd>(state))
                return signal::let_go{};
            return std::nullopt;
        case ProcessPhase::backing_off:
            if (!wanted || state.now < state.process.retry_at) return std::nullopt;
            return signal::wanted{};
    }
    return std::nullopt;
}

}  // namespace quorate
