// Laws of step over whole lives of an agent: in a world that helps and in one that says anything.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/base/limits.hpp"
#include "core/explain.hpp"
#include "core/invariants.hpp"
#include "tests/property/ripe.hpp"

namespace quorate {
namespace {

using Numbers = std::vector<std::uint32_t>;
using test::classify;
using test::Life;
using test::World;

// A piece of a life: where it begins, and what comes.
constexpr int events_max = 24;
Numbers piece() { return test::numbers(events_max); }

// What must hold of one step, whatever came before.
void check(const Step& done, CommandId last, InvariantCounts& counts) {
    for (const Violation& violation : violations(done.next, done.decision, counts))
        RC_FAIL(violation.id + ": " + violation.what + " after " + explain(done.decision));
    RC_ASSERT(done.next.in_flight.size() <= limits::in_flight_max);
    for (const RuleHit& hit : done.decision.hits)
        if (hit.verdict == Verdict::no_row)
            RC_FAIL(std::string("no row: machine ") + machine_name(hit.machine) + " in " +
                    phase_name(hit.machine, hit.from) + " after " + explain(done.decision));
    for (const Command& command : done.decision.commands) {
        RC_ASSERT(last < command.id);
        last = command.id;
        RC_ASSERT(done.next.now <= command.deadline);
        if (has_outcome(command.body)) RC_ASSERT(done.next.in_flight.contains(command.id));
    }
    RC_ASSERT(done.next.last_command == last);
}

// Own entry only without a fence (S11): founding and opening an epoch are the exceptions, each
// guarded by its own stage.
void check_record(const State& before, const WriteRecord& write) {
    // What is put back over an older record is newer than all that was ever seen of it.
    if (before.facts.record_there == write.expected)
        RC_ASSERT(write.record.revision.value > write.expected.value);
    else
        RC_ASSERT(write.record.revision.value == write.expected.value + 1);
    if (!before.facts.record || write.fence.value != 0) return;
    const ClusterRecord& known = *before.facts.record;
    const bool founds = known.stage == RecordStage::gathering;
    if (write.record.stage == RecordStage::forming && founds) return;
    RC_ASSERT(write.record.lineage == known.lineage);
    if (write.record.stage == RecordStage::forming && known.rebuild) return;
    for (const auto& [ordinal, entry] : known.replicas) {
        if (ordinal == before.facts.settings.self) continue;
        const ReplicaEntry* after = write.record.replicas.find(ordinal);
        RC_ASSERT(after != nullptr);
        RC_ASSERT(*after == entry);
    }
}

void classify_rules(const std::set<std::string>& seen, const InvariantCounts& counts) {
    classify(seen.contains("A02"), "was given authority");
    classify(counts.removals > 0, "removed a member");
    classify(seen.contains("C12"), "lost quorum");
    classify(seen.contains("R25"), "parked");
}

void live(World world) {
    const Life life(world);
    State state = test::one_of(test::ripe());
    test::classify_state(state);
    InvariantCounts counts;
    std::set<std::string> seen;
    for (const std::uint32_t number : piece()) {
        const Event event = life.next(state, number);
        const State before = state;
        Step done = step(std::move(state), event);
        const bool reborn = std::holds_alternative<AgentStarted>(event.observation);
        check(done, before.last_command, counts);
        if (!reborn && !std::holds_alternative<RecordSeen>(event.observation) &&
            !std::holds_alternative<CommandEnded>(event.observation))
            for (const Command& command : done.decision.commands)
                if (const auto* write = std::get_if<WriteRecord>(&command.body))
                    check_record(before, *write);
        for (const RuleHit& hit : done.decision.hits)
            seen.insert(rule_name(hit.rule));
        state = std::move(done.next);
    }
    classify_rules(seen, counts);
    // Nonsense reaches no learner that holds what its leader held, with all its proofs.
    if (world != World::nonsense) classify(seen.contains("H16"), "promoted a learner");
}

RC_GTEST_PROP(StepLaw, HoldsItsInvariantsInAWorldThatHelps, ()) { live(World::helpful); }

RC_GTEST_PROP(StepLaw, HoldsItsInvariantsInAWorldThatSaysAnything, ()) { live(World::nonsense); }

RC_GTEST_PROP(StepLaw, HoldsItsInvariantsInAWorldThatHelpsUntilItDoesNot, ()) {
    live(World::erratic);
}

RC_GTEST_PROP(StepLaw, IsAFunctionOfStateAndEvent, ()) {
    const World world = test::any_world();
    const Life life(world);
    State state = test::one_of(test::ripe());
    test::classify_state(state);
    for (const std::uint32_t number : piece()) {
        const Event event = life.next(state, number);
        const State kept = state;
        Step one = step(state, event);
        const Step other = step(kept, event);
        RC_ASSERT(state == kept);
        RC_ASSERT(one.next == other.next);
        RC_ASSERT(one.decision == other.decision);
        state = std::move(one.next);
    }
}

RC_GTEST_PROP(StepLaw, AReplayedJournalDecidesTheSame, ()) {
    const World world = test::any_world();
    const Life life(world);
    const State& start = test::one_of(test::ripe());
    test::classify_state(start);
    std::vector<Event> journal;
    std::vector<Decision> decisions;
    State state = start;
    for (const std::uint32_t number : piece()) {
        journal.push_back(life.next(state, number));
        Step done = step(std::move(state), journal.back());
        decisions.push_back(std::move(done.decision));
        state = std::move(done.next);
    }
    State replayed = start;
    for (std::size_t i = 0; i < journal.size(); ++i) {
        Step done = step(std::move(replayed), journal[i]);
        RC_ASSERT(done.decision == decisions[i]);
        replayed = std::move(done.next);
    }
    RC_ASSERT(replayed == state);
}

bool is_look(const Command& command) {
    return !has_outcome(command.body) || std::holds_alternative<ListMembers>(command.body) ||
           std::holds_alternative<CompareContent>(command.body) ||
           std::holds_alternative<ExamineDisk>(command.body);
}

// Observations are level-triggered: seen once more at the same instant, nothing is done about them.
RC_GTEST_PROP(StepLaw, ASecondEqualObservationIsNoNews, ()) {
    const World world = test::any_world();
    const Life life(world);
    State state = test::one_of(test::ripe());
    bool commanded = false;
    bool compared = false;
    for (const std::uint32_t number : piece()) {
        const Event event = life.next(state, number);
        const std::vector<Ordinal> probed = state.probed;
        const Step once = step(std::move(state), event);
        state = once.next;
        const bool level = std::holds_alternative<ReplicaProbed>(event.observation) ||
                           std::holds_alternative<RecordSeen>(event.observation) ||
                           std::holds_alternative<DesiredSeen>(event.observation) ||
                           std::holds_alternative<TimerFired>(event.observation);
        // With the set that is probed, what strangers said is forgotten: that is news.
        if (!level || once.next.probed != probed) continue;
        const Event again{EventSeq{event.seq.value + 1}, event.at, event.observation};
        const Step twice = step(state, again);
        compared = true;
        commanded = commanded || !once.decision.commands.empty();
        for (const Command& command : twice.decision.commands)
            if (!is_look(command))
                RC_FAIL(std::string(name_of(event.observation)) + " twice: " + explain(command) +
                        " after " + explain(once.decision));
    }
    classify(compared, "something was seen twice");
    classify(commanded, "the first led to commands");
}

// Time alone, with an outcome for everything, brings every life to rest: no rule spins (S21).
RC_GTEST_PROP(StepLaw, RulesComeToRest, ()) {
    const World world = test::any_world();
    const Life life(world);
    State state = test::one_of(test::ripe());
    std::size_t hits = 0;
    for (const std::uint32_t number : piece()) {
        const Event event = life.next(state, number);
        Step done = step(std::move(state), event);
        RC_ASSERT(done.next.replica.reason != "rules do not come to rest");
        RC_ASSERT(done.decision.hits.size() < std::size_t{limits::turns_per_event_max});
        hits = std::max(hits, done.decision.hits.size());
        state = std::move(done.next);
    }
    classify(hits == 0, "nothing to decide");
    classify(hits > 4, "more than four rules in one event");
}

}  // namespace
}  // namespace quorate
