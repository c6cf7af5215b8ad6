// Laws of the fold: what is told twice, or in another order, is known all the same.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "core/facts/fold.hpp"
#include "tests/property/ripe.hpp"

namespace quorate {
namespace {

using test::below;
using test::classify;
using test::coin;
using test::Dice;
using test::Life;

State folded(State state, const Observation& observation, Instant at) {
    fold(state, Event{EventSeq{state.seq.value + 1}, at, observation});
    return state;
}

// Every observation but one is level-triggered. An exit of etcd is counted: two of them are two.
RC_GTEST_PROP(FoldLaw, WhatIsSeenTwiceAtOneInstantIsSeenOnce, ()) {
    const State state = test::one_of(test::ripe());
    const auto number = static_cast<std::uint32_t>(test::word());
    const Event event = Life(test::any_world()).next(state, number);
    const State once = folded(state, event.observation, event.at);
    State twice = folded(once, event.observation, event.at);
    RC_TAG(std::string(name_of(event.observation)));
    classify(std::holds_alternative<CommandEnded>(event.observation), "CommandEnded");
    classify(std::holds_alternative<RecordSeen>(event.observation), "RecordSeen");
    classify(std::holds_alternative<ReplicaProbed>(event.observation), "ReplicaProbed");
    twice.seq = once.seq;
    if (std::holds_alternative<EtcdExited>(event.observation)) {
        RC_ASSERT(twice.facts.exits == once.facts.exits + 1);
        twice.facts.exits = once.facts.exits;
    }
    // Of one that slept nothing is trusted before its timer fired, also what it is told meanwhile.
    if (twice.facts.slept_at == event.at) twice.facts.list_current = once.facts.list_current;
    RC_ASSERT(twice == once);
}

// While etcd runs, its disk is examined when quorum is lost; the report may come when it is back.
State with_disk_examined_in_use(State state) {
    const CommandId id{++state.last_command.value};
    state.facts.etcd_running = true;
    state.in_flight[id] = Command{id, state.now + seconds(60), ExamineDisk{}};
    DiskReport report;
    report.shape = DiskShape::whole;
    report.in_use = true;
    return folded(state, CommandEnded{id, Done{}, report}, state.now);
}

RC_GTEST_PROP(FoldLaw, ProbesOfTwoReplicasCommute, ()) {
    const bool examined = coin();
    const State& ripe = test::one_of(test::ripe());
    const State state = examined ? with_disk_examined_in_use(ripe) : ripe;
    Dice dice(test::word());
    const Ordinal one{below(test::addresses)};
    const Ordinal other{(one.value + 1 + below(test::addresses - 1)) % test::addresses};
    const ReplicaProbed first{one, coin() ? good_status(state, one, dice) : any_status(dice)};
    const ReplicaProbed second{other, coin() ? good_status(state, other, dice) : any_status(dice)};
    const Instant at = state.now + milliseconds(below(2000));
    classify(first.status.serves != second.status.serves, "one of them serves");
    classify(first.status.answers && second.status.answers, "both answer");
    classify(examined, "the disk was read while in use");
    const State there = folded(folded(state, first, at), second, at);
    const State back = folded(folded(state, second, at), first, at);
    RC_ASSERT(there == back);
}

// Copies of the record arrive in any order; the one that was written last is what is known.
RC_GTEST_PROP(FoldLaw, TheNewestOfTwoRecordsIsKnownInWhateverOrderTheyCome, ()) {
    State state = test::one_of(test::ripe());
    state.facts.record_before.reset();
    if (state.facts.disk && state.facts.disk->identity) state.facts.disk->identity->record.reset();
    state.facts.approved_token.reset();  // an order uses it up, also one that was overtaken
    Dice dice(test::word());
    ClusterRecord older = test::any_record(dice);
    ClusterRecord newer = test::any_record(dice);
    newer.lineage = older.lineage;
    if (state.facts.record) newer.lineage = older.lineage = state.facts.record->lineage;
    const std::uint64_t known = state.facts.record ? state.facts.record->revision.value : 0;
    older.epoch = state.facts.record ? state.facts.record->epoch : older.epoch;
    newer.epoch = Epoch{older.epoch.value + below(2)};
    older.revision = RecordRevision{known + below(3)};
    newer.revision = RecordRevision{older.revision.value + 1 + below(3)};
    const Instant at = state.now + milliseconds(1);
    const RecordSeen first{older, ""};
    const RecordSeen second{newer, ""};
    classify(state.facts.record.has_value(), "another was known");
    classify(!state.facts.record, "the first");
    State there = folded(folded(state, first, at), second, at);
    State back = folded(folded(state, second, at), first, at);
    RC_ASSERT(back.facts.record_there == older.revision);
    back.facts.record_there.reset();
    back.facts.record_behind_at = Instant{};
    // An order that the older one interrupts stands anew.
    there.facts.rebuild_seen_at = back.facts.rebuild_seen_at = Instant{};
    RC_ASSERT(there == back);
    RC_ASSERT(there.facts.record == newer);
}

// An outcome ends one command in flight and no other; one that nobody waits for ends none.
RC_GTEST_PROP(FoldLaw, AnOutcomeEndsItsOwnCommandOnly, ()) {
    const State state = test::one_of(test::ripe());
    const auto waiting = static_cast<std::uint32_t>(state.in_flight.size());
    const std::uint32_t which = below(waiting + 1);
    const bool known = which < waiting;
    const CommandId id = known ? (state.in_flight.begin() + which)->first
                               : CommandId{state.last_command.value + 1 + below(9)};
    classify(known, "waited for");
    classify(!known, "waited for by nobody");
    const State after = folded(state, CommandEnded{id, Unknown{"?"}, {}}, state.now);
    RC_ASSERT(after.in_flight.size() == waiting - (known ? 1 : 0));
    RC_ASSERT(!after.in_flight.contains(id));
    if (known) return;
    State same = after;
    same.seq = state.seq;
    RC_ASSERT(same == state);
}

}  // namespace
}  // namespace quorate
