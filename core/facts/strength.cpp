#include "core/facts/strength.hpp"

#include "core/facts/evidence.hpp"

namespace quorate {
namespace {

Evidence of_members(const State& state) {
    const Facts& facts = state.facts;
    if (list_is_evidence(state)) return {Strength::linearizable, facts.list_at};
    const ProbeFact* own = facts.probes.find(facts.settings.self);
    if (facts.own_list && own != nullptr && own->status.answers)
        return {Strength::own_etcd, own->at};
    if (facts.list) return {Strength::cached, facts.list_at};
    return {};
}

// The only voter has nobody to differ from.
bool says_it_alone(const State& state) {
    return list_is_evidence(state) && voters_of(*state.facts.list).size() == 1;
}

bool holds_the_learner(const State& state) {
    const RepairPhase phase = state.repair.phase;
    return phase == RepairPhase::catching_up || phase == RepairPhase::promoting;
}

Evidence of_content(const State& state) {
    const Facts& facts = state.facts;
    if (holds_the_learner(state)) {
        if (learner_compared(state) != HashVerdict::none)
            return {Strength::quorum_confirmed, facts.content_at};
        return facts.content ? Evidence{Strength::cached, facts.content_at} : Evidence{};
    }
    if (says_it_alone(state)) return {Strength::quorum_confirmed, facts.list_at};
    switch (facts.judged.verdict) {
        case HashVerdict::equal:
        case HashVerdict::minority:
            return {Strength::quorum_confirmed, facts.judged.at};
        case HashVerdict::undecided:
            return {Strength::cached, facts.judged.at};
        case HashVerdict::none:
            break;
    }
    return {};
}

Evidence of_volume(const State& state) {
    const Facts& facts = state.facts;
    if (facts.disk && !facts.disk->in_use) return {Strength::own_disk, facts.examined_at};
    // What etcd said of its data as it ended stands until it is started again.
    if (!facts.etcd_running && facts.last_exit) return {Strength::own_etcd, state.now};
    return {};
}

// Watched since this life began. Every write compares: what was decided on an old copy is refused
// at the store.
Evidence of_record(const State& state) {
    if (!state.facts.record) return {};
    return {Strength::cached, state.facts.started_at};
}

}  // namespace

Evidence evidence_of(const State& state, Subject subject) {
    switch (subject) {
        case Subject::members:
            return of_members(state);
        case Subject::content:
            return of_content(state);
        case Subject::volume:
            return of_volume(state);
        case Subject::record:
            return of_record(state);
    }
    return {};
}

const char* name_of(Subject subject) {
    switch (subject) {
        case Subject::members:
            return "members";
        case Subject::content:
            return "content";
        case Subject::volume:
            return "volume";
        case Subject::record:
            return "record";
    }
    return "?";
}

const char* name_of(Strength strength) {
    switch (strength) {
        case Strength::unknown:
            return "unknown";
        case Strength::cached:
            return "cached";
        case Strength::own_etcd:
            return "own-etcd";
        case Strength::own_disk:
            return "own-disk";
        case Strength::quorum_confirmed:
            return "quorum-confirmed";
        case Strength::linearizable:
            return "linearizable";
    }
    return "?";
}

}  // namespace quorate
