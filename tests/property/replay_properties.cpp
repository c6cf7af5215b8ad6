// Whatever an agent lived through, its journal leads to its own decisions again: from the start and
// from the snapshot of any event, in the helpful world and in one that says anything.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "replay/timeline.hpp"
#include "tests/property/core_life.hpp"
#include "tests/support/memory_journal.hpp"

using namespace quorate;

namespace {

test::MemoryJournal lived(test::World world, const std::vector<std::uint32_t>& numbers,
                          std::size_t snapshot_after) {
    test::MemoryJournal journal;
    journal.take(test::Life::birth(0, 3, 77));
    const test::Life life(world);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        journal.take(life.next(journal.state, numbers[i]));
        if (i + 1 == snapshot_after) journal.take_snapshot();
    }
    return journal;
}

void replays(test::World world) {
    const auto numbers = *rc::gen::container<std::vector<std::uint32_t>>(
        *rc::gen::inRange<std::size_t>(0, 60), rc::gen::arbitrary<std::uint32_t>());
    const auto snapshot_after = *rc::gen::inRange<std::size_t>(0, numbers.size() + 1);
    const test::MemoryJournal journal = lived(world, numbers, snapshot_after);
    const replay::Verdict verdict = replay::replay(journal);
    RC_ASSERT(replay::explain(verdict) == std::to_string(journal.records.size()) + " events agree");
    for (const auto& [seq, entry] : journal.records) {
        const std::string lines = replay::Timeline{}.add(seq, wire::encode_entry(entry));
        RC_ASSERT(lines.starts_with("1970-01-"));
    }
}

}  // namespace

RC_GTEST_PROP(ReplayProperties, AHelpfulLifeReplays, ()) { replays(test::World::helpful); }
RC_GTEST_PROP(ReplayProperties, AnErraticLifeReplays, ()) { replays(test::World::erratic); }
RC_GTEST_PROP(ReplayProperties, NonsenseReplays, ()) { replays(test::World::nonsense); }

// A snapshot is taken of states that occur, not only of those that can be drawn.
RC_GTEST_PROP(ReplayProperties, EveryStateOfALifeComesBackAsItWas,
              (const std::vector<std::uint32_t>& numbers)) {
    State state = lived(test::World::erratic, numbers, 0).state;
    const auto again = std::get<State>(wire::decode_state(wire::encode(state)));
    RC_ASSERT(again == state);
    RC_ASSERT(wire::digest(again) == wire::digest(state));
}
