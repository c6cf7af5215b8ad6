// Whatever an agent lived through, its journal leads to its own decisions again: from the start and
// from the snapshot of any event, in the helpful world and in one that says anything.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "replay/timeline.hpp"
#include "tests/property/ripe.hpp"
#include "tests/support/memory_journal.hpp"

using namespace quorate;

namespace {

// A life from an empty journal, cut down to the piece after a snapshot.
test::MemoryJournal lived(test::World world, const std::vector<std::uint32_t>& numbers,
                          std::size_t snapshot_after) {
    test::MemoryJournal journal;
    journal.state = test::one_of(test::ripe());
    test::classify_state(journal.state);
    journal.take_snapshot();
    const test::Life life(world);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        journal.take(life.next(journal.state, numbers[i]));
        if (i + 1 == snapshot_after) journal.take_snapshot();
    }
    return journal;
}

void replays(test::World world) {
    const auto numbers = test::numbers(16);
    const std::size_t snapshot_after = test::below(static_cast<std::uint32_t>(numbers.size()) + 1);
    const test::MemoryJournal journal = lived(world, numbers, snapshot_after);
    test::classify(snapshot_after > 0, "a snapshot within");
    const replay::Verdict verdict = replay::replay(journal);
    RC_ASSERT(replay::explain(verdict) == std::to_string(journal.records.size()) + " events agree");
    for (const auto& [seq, entry] : journal.records) {
        const std::string lines = replay::Timeline{}.add(seq, wire::encode_entry(entry));
        RC_ASSERT(lines.starts_with("1970-01-"));
    }
}

// One record or its place is not as it was written: the replay says so, and at which.
void change_one(std::vector<test::MemoryJournal::Record>& records) {
    const std::uint32_t at = test::below(static_cast<std::uint32_t>(records.size()));
    auto& [seq, entry] = records[at];
    switch (test::below(4)) {
        case 0:
            entry.digest ^= 1ULL << test::below(64);
            break;
        case 1:
            entry.decision += '\0';
            break;
        case 2:
            entry.event.clear();
            break;
        default:
            seq.value += 1;
            break;
    }
}

}  // namespace

RC_GTEST_PROP(ReplayProperties, AHelpfulLifeReplays, ()) { replays(test::World::helpful); }
RC_GTEST_PROP(ReplayProperties, AnErraticLifeReplays, ()) { replays(test::World::erratic); }
RC_GTEST_PROP(ReplayProperties, NonsenseReplays, ()) { replays(test::World::nonsense); }

RC_GTEST_PROP(ReplayProperties, AnAlteredJournalIsFoundOut, ()) {
    test::MemoryJournal journal = lived(test::any_world(), test::numbers(12), 0);
    if (journal.records.empty()) return test::classify(true, "nothing to alter");
    change_one(journal.records);
    const replay::Verdict verdict = replay::replay(journal);
    test::classify(verdict.divergence.has_value(), "diverges");
    RC_ASSERT(!verdict.agrees());
}

// A snapshot is taken of states that occur, not only of those that can be drawn.
RC_GTEST_PROP(ReplayProperties, EveryStateOfALifeComesBackAsItWas, ()) {
    const State state = lived(test::any_world(), test::numbers(8), 0).state;
    const auto again = std::get<State>(wire::decode_state(wire::encode(state)));
    RC_ASSERT(again == state);
    RC_ASSERT(wire::digest(again) == wire::digest(state));
}
