// The quiescent leap (simulator.md 5.3) saves events and changes nothing else: what agents are told
// and decide, what members apply, and when, is the same without it.
#include <gtest/gtest.h>

#include <cstdlib>

#include "sim/run/run.hpp"
#include "sim/tape/tape.hpp"

namespace quorate::sim {
namespace {

constexpr std::uint64_t lives = 200;  // one in a hundred of the swarm of an acceptance

TEST(Leap, ALifeIsTheSameWithAndWithoutIt) {
    std::uint64_t with = 0;
    std::uint64_t without = 0;
    for (std::uint64_t seed = 50; seed <= lives * 100; seed += 100) {
        RunOptions options;
        options.seed = seed;
        const Tape tape = draw_tape(options);
        const RunVerdict leaps = run_tape(tape);
        const RunVerdict walks = run_tape(tape, {.leaps = false});
        EXPECT_EQ(leaps.deeds, walks.deeds) << "seed " << seed;
        EXPECT_EQ(leaps.ending, walks.ending) << "seed " << seed;
        EXPECT_EQ(leaps.decisions, walks.decisions) << "seed " << seed;
        EXPECT_EQ(leaps.acknowledged, walks.acknowledged) << "seed " << seed;
        EXPECT_EQ(leaps.virtual_time, walks.virtual_time) << "seed " << seed;
        with += leaps.events;
        without += walks.events;
    }
    std::printf("%llu lives: %llu events with leaps, %llu without\n",
                static_cast<unsigned long long>(lives), static_cast<unsigned long long>(with),
                static_cast<unsigned long long>(without));
    EXPECT_LT(with, without);
}

}  // namespace
}  // namespace quorate::sim
