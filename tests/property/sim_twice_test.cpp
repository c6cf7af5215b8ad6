// A life that depends on an address, or on anything else that is not its tape, is found by living
// it twice, and the event where it first did so is named.
#include "sim/run/twice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>

namespace quorate::sim {
namespace {

Tape short_life(std::uint64_t seed) {
    TapeOptions options;
    options.seed = seed;
    options.until = seconds(60);
    return draw_tape(options);
}

// Wakes up later by what the address of a block of memory says.
Step wakes_by_address(State state, const Event& event) {
    Step result = step(std::move(state), event);
    const auto block = std::make_unique<std::array<std::uint64_t, 6>>();
    const auto bits = reinterpret_cast<std::uintptr_t>(block.get()) >> 4 & 0xfff;
    for (Command& command : result.decision.commands)
        if (auto* wake = std::get_if<WakeAt>(&command.body))
            wake->at = wake->at + microseconds(static_cast<std::int64_t>(bits));
    return result;
}

bool left_behind(std::size_t size) {
    const std::unique_ptr<volatile unsigned char[]> block(new volatile unsigned char[size]);
    return std::all_of(block.get() + 64, block.get() + size - 64,
                       [](volatile unsigned char& one) { return one == 0xAA; });
}

// Wakes up later where memory that nobody has written is what a disturbed heap leaves.
Step wakes_by_leftovers(State state, const Event& event) {
    Step result = step(std::move(state), event);
    bool left = false;
    for (std::size_t size = 200; size < 16'000; size += 100)
        left |= left_behind(size);
    for (Command& command : result.decision.commands)
        if (auto* wake = std::get_if<WakeAt>(&command.body); wake != nullptr && left)
            wake->at = wake->at + microseconds(1);
    return result;
}

std::uint64_t lives_begun = 0;

// Remembers what no event told it: every other life of this process forgets its commands after 20
// s.
template <std::uint64_t until>
Step remembers_other_lives(State state, const Event& event) {
    const auto* started = std::get_if<AgentStarted>(&event.observation);
    if (started != nullptr && started->settings.self == Ordinal{0} && event.seq == EventSeq{1})
        ++lives_begun;
    Step result = step(std::move(state), event);
    if (lives_begun % 2 == 0 && lives_begun <= until && event.at > Instant{20'000'000})
        result.decision.commands.clear();
    return result;
}

TEST(Twice, TheProductsLivesAreTheSame) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Tape tape = short_life(seed);
        const RunVerdict verdict = run_twice(tape);
        EXPECT_TRUE(verdict.good()) << verdict.what;
        EXPECT_EQ(verdict.digest, run_tape(tape).digest);
    }
}

TEST(Twice, WhatDependsOnAnAddressIsFound) {
    const RunVerdict verdict = run_twice(short_life(7), &wakes_by_address);
    EXPECT_EQ(verdict.ending, Ending::nondeterministic) << "the heap was the same both times";
    EXPECT_EQ(verdict.exit_code(), 13);
    EXPECT_EQ(verdict.broken(), "DETERMINISM");
}

TEST(Twice, WhatDependsOnUnwrittenMemoryIsFound) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "its allocator writes every block first";
#endif
    const RunVerdict verdict = run_twice(short_life(7), &wakes_by_leftovers);
    EXPECT_EQ(verdict.ending, Ending::nondeterministic) << "no block came from the disturbed heap";
}

TEST(Twice, TheFirstEventThatDiffersIsNamedWithBothContexts) {
    lives_begun = 0;
    const RunVerdict verdict = run_twice(short_life(7), &remembers_other_lives<1'000>);
    ASSERT_EQ(verdict.ending, Ending::nondeterministic);
    const std::string& what = verdict.what;
    EXPECT_TRUE(what.starts_with("event ")) << what;
    const std::size_t both = what.find(" is the first that differs\nboth, before:\n");
    const std::size_t first = what.find("\nthe first, agent_run of ");
    const std::size_t second = what.find("\nthe second, agent_run of ");
    ASSERT_TRUE(both < first && first < second && second != std::string::npos) << what;
    const std::uint64_t at = std::stoull(what.substr(what.find(" at ", first) + 4));
    EXPECT_GT(at, 0U) << what;
    const std::string led_there = what.substr(both, first - both);
    EXPECT_EQ(std::count(led_there.begin(), led_there.end(), '\n'), 13) << what;
    EXPECT_NE(what.substr(first, second - first), what.substr(second)) << what;
}

TEST(Twice, WhatIsNotSeenAgainIsToldAsSuch) {
    lives_begun = 0;
    const RunVerdict verdict = run_twice(short_life(7), &remembers_other_lives<2>);
    ASSERT_EQ(verdict.ending, Ending::nondeterministic);
    EXPECT_EQ(verdict.what, "the same life again when it was lived twice more");
}

TEST(Twice, TwoSeedsInAHundredAre) {
    std::uint64_t count = 0;
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed)
        count += is_lived_twice(seed) ? 1 : 0;
    EXPECT_GT(count, 150U);
    EXPECT_LT(count, 250U);
}

}  // namespace
}  // namespace quorate::sim
