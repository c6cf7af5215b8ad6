// Laws of step over whole lives of an agent: in a world that helps and in one that says anything.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "core/base/limits.hpp"
#include "core/explain.hpp"
#include "core/invariants.hpp"
#include "tests/property/core_life.hpp"

namespace quorate {

namespace test {
void showValue(World world, std::ostream& out) {
    const char* names[] = {"a world that helps", "a world that says anything", "an erratic world"};
    out << names[static_cast<int>(world)];
}
}  // namespace test

namespace {

using Numbers = std::vector<std::uint32_t>;
using test::Life;
using test::World;

rc::Gen<World> worlds() {
    return rc::gen::element(World::helpful, World::nonsense, World::erratic);
}

// Long lives: rapidcheck's own sizes would end before anything happened.
rc::Gen<Numbers> long_lives() { return rc::gen::scale(4.0, rc::gen::arbitrary<Numbers>()); }

State born(std::uint32_t self) {
    State state;
    const Event first{EventSeq{1}, Instant{1'000'000},
                      Life::birth(self, test::addresses, 77 + self)};
    return step(state, first).next;
}

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
    RC_ASSERT(write.record.revision.value == write.expected.value + 1);
    if (!before.facts.record || write.fence.value != 0) return;
    const ClusterRecord& known = *before.facts.record;
    RC_ASSERT(write.record.lineage == known.lineage);
    if (write.record.stage == RecordStage::forming &&
        (known.stage == RecordStage::gathering || known.rebuild))
        return;
    for (const auto& [ordinal, entry] : known.replicas) {
        if (ordinal == before.facts.settings.self) continue;
        const ReplicaEntry* after = write.record.replicas.find(ordinal);
        RC_ASSERT(after != nullptr);
        RC_ASSERT(*after == entry);
    }
}

void classify(const std::set<std::string>& seen, const InvariantCounts& counts) {
    RC_CLASSIFY(seen.contains("R07"), "served");
    RC_CLASSIFY(seen.contains("A02"), "had authority");
    RC_CLASSIFY(counts.removals > 0, "removed a member");
    RC_CLASSIFY(seen.contains("H16"), "promoted a learner");
    RC_CLASSIFY(seen.contains("C12"), "lost quorum");
    RC_CLASSIFY(seen.contains("R25"), "parked");
}

void live(World world, const Numbers& numbers) {
    const Life life(world);
    State state = born(0);
    InvariantCounts counts;
    std::set<std::string> seen;
    for (const std::uint32_t number : numbers) {
        const Event event = life.next(state, number);
        const State before = state;
        const Step done = step(state, event);
        const bool reborn = std::holds_alternative<AgentStarted>(event.observation);
        check(done, before.last_command, counts);
        if (!reborn && !std::holds_alternative<RecordSeen>(event.observation) &&
            !std::holds_alternative<CommandEnded>(event.observation))
            for (const Command& command : done.decision.commands)
                if (const auto* write = std::get_if<WriteRecord>(&command.body))
                    check_record(before, *write);
        for (const RuleHit& hit : done.decision.hits)
            seen.insert(rule_name(hit.rule));
        state = done.next;
    }
    classify(seen, counts);
}

RC_GTEST_PROP(StepLaw, HoldsItsInvariantsInAWorldThatHelps, ()) {
    live(World::helpful, *long_lives());
}

RC_GTEST_PROP(StepLaw, HoldsItsInvariantsInAWorldThatSaysAnything, ()) {
    live(World::nonsense, *long_lives());
}

RC_GTEST_PROP(StepLaw, HoldsItsInvariantsInAWorldThatHelpsUntilItDoesNot, ()) {
    live(World::erratic, *long_lives());
}

RC_GTEST_PROP(StepLaw, IsAFunctionOfStateAndEvent, ()) {
    const World world = *worlds();
    const Life life(world);
    State state = born(1);
    for (const std::uint32_t number : *long_lives()) {
        const Event event = life.next(state, number);
        const State kept = state;
        const Step one = step(state, event);
        const Step other = step(kept, event);
        RC_ASSERT(state == kept);
        RC_ASSERT(one.next == other.next);
        RC_ASSERT(one.decision == other.decision);
        state = one.next;
    }
}

RC_GTEST_PROP(StepLaw, AReplayedJournalDecidesTheSame, ()) {
    const World world = *worlds();
    const Life life(world);
    std::vector<Event> journal;
    std::vector<Decision> decisions;
    State state = born(0);
    for (const std::uint32_t number : *long_lives()) {
        journal.push_back(life.next(state, number));
        Step done = step(state, journal.back());
        decisions.push_back(done.decision);
        state = done.next;
    }
    State replayed = born(0);
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
    const World world = *worlds();
    const Life life(world);
    State state = born(0);
    for (const std::uint32_t number : *long_lives()) {
        const Event event = life.next(state, number);
        const State before = state;
        const Step once = step(state, event);
        state = once.next;
        const bool level = std::holds_alternative<ReplicaProbed>(event.observation) ||
                           std::holds_alternative<RecordSeen>(event.observation) ||
                           std::holds_alternative<DesiredSeen>(event.observation) ||
                           std::holds_alternative<TimerFired>(event.observation);
        // With the set that is probed, what strangers said is forgotten: that is news.
        if (!level || once.next.probed != before.probed) continue;
        const Event again{EventSeq{event.seq.value + 1}, event.at, event.observation};
        const Step twice = step(state, again);
        for (const Command& command : twice.decision.commands)
            if (!is_look(command))
                RC_FAIL(std::string(name_of(event.observation)) + " twice: " + explain(command) +
                        " after " + explain(once.decision));
    }
}

// Time alone, with an outcome for everything, brings every life to rest: no rule spins (S21).
RC_GTEST_PROP(StepLaw, RulesComeToRest, ()) {
    const World world = *worlds();
    const Life life(world);
    State state = born(0);
    for (const std::uint32_t number : *long_lives()) {
        const Step done = step(state, life.next(state, number));
        RC_ASSERT(done.next.replica.reason != "rules do not come to rest");
        RC_ASSERT(done.decision.hits.size() < std::size_t{limits::turns_per_event_max});
        state = done.next;
    }
}

}  // namespace
}  // namespace quorate
