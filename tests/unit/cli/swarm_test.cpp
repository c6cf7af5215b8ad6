// Many lives at once are the same lives, whoever lives them.
#include "tools/quorate/swarm.hpp"

#include <gtest/gtest.h>

namespace quorate::cli {
namespace {

SwarmOptions few(unsigned jobs) {
    SwarmOptions options;
    options.first = 1;
    options.last = 6;
    options.jobs = jobs;
    options.life.until = seconds(60);
    return options;
}

const auto nobody_is_told = [](const SwarmReport&, const sim::RunVerdict&) {};

TEST(Swarm, SeedsAreARange) {
    EXPECT_EQ(parse_seeds("1..20000"), std::pair(std::uint64_t{1}, std::uint64_t{20000}));
    EXPECT_EQ(parse_seeds("7..7"), std::pair(std::uint64_t{7}, std::uint64_t{7}));
    for (const char* wrong : {"", "7", "8..7", "1..", "..7", "1..x", "a..b", "1...7", "-1..7"})
        EXPECT_EQ(parse_seeds(wrong), std::nullopt) << wrong;
}

TEST(Swarm, LivesEachSeedOnceAndTheSameWithAnyNumberOfThreads) {
    const std::atomic<bool> stop = false;
    const SwarmReport alone = run_swarm(few(1), stop, nobody_is_told);
    const SwarmReport together = run_swarm(few(3), stop, nobody_is_told);
    EXPECT_EQ(alone.lives, 6U);
    EXPECT_EQ(together.lives, 6U);
    EXPECT_EQ(alone.digest, together.digest);
    EXPECT_EQ(alone.events, together.events);
    EXPECT_EQ(alone.counts.released, together.counts.released);
    SwarmOptions others = few(1);
    others.first = 2;
    others.last = 7;
    EXPECT_NE(run_swarm(others, stop, nobody_is_told).digest, alone.digest);
}

TEST(Swarm, WhoStopsItKeepsWhatWasFound) {
    std::atomic<bool> stop = false;
    const SwarmReport report =
        run_swarm(few(1), stop, [&](const SwarmReport& so_far, const sim::RunVerdict&) {
            if (so_far.lives == 2) stop = true;
        });
    EXPECT_EQ(report.lives, 2U);
}

TEST(Swarm, TheGravestFailureIsTheExitCode) {
    SwarmReport report;
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_EQ(report.gravest(), nullptr);
    report.failures.emplace_back();
    report.failures[0].ending = sim::Ending::did_not_settle;
    EXPECT_EQ(report.exit_code(), 11);
    report.failures.emplace_back();
    report.failures[1].ending = sim::Ending::broke_safety;
    EXPECT_EQ(report.exit_code(), 10);
    EXPECT_EQ(report.gravest(), &report.failures[1]);
}

TEST(Swarm, AnOracleThatNeverHadToJudgeIsNamed) {
    SwarmReport report;
    report.counts.removals = 3;
    const std::string text = text_of(report);
    EXPECT_NE(text.find("  3  S1 removals\n"), std::string::npos) << text;
    EXPECT_NE(text.find("0  S9 promotions  <- never"), std::string::npos) << text;
}

}  // namespace
}  // namespace quorate::cli
