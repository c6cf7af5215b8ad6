// What a person copies into an issue stands in the first line, whatever was lived.
#include "tools/quorate/verdict.hpp"

#include <gtest/gtest.h>

#include "tools/quorate/commit.hpp"

namespace quorate::cli {
namespace {

sim::RunVerdict life(std::uint64_t seed) {
    sim::RunVerdict verdict;
    verdict.seed = seed;
    verdict.digest = 0xabc;
    verdict.events = 5'000;
    verdict.virtual_time = seconds(236);
    return verdict;
}

sim::RunVerdict broken(std::uint64_t seed) {
    sim::RunVerdict verdict = life(seed);
    verdict.ending = sim::Ending::broke_safety;
    verdict.violations = {{"S5", "a stranger"}, {"S4", "a write is missing"}};
    verdict.what = "S5: a stranger";
    return verdict;
}

sim::RunVerdict unsettled(std::uint64_t seed) {
    sim::RunVerdict verdict = life(seed);
    verdict.ending = sim::Ending::did_not_settle;
    return verdict;
}

const std::string commit_told = std::string(" commit=") + commit();

TEST(Verdict, ALifeSaysAllThatFindsItAgain) {
    EXPECT_EQ(verdict_line(life(7), 0.5, 364),
              "PASS converged seed=7" + commit_told +
                  " virtual=236s events=5000 events/s=10000 digest=0000000000000abc new_cells=364");
}

TEST(Verdict, AFailureNamesThePromiseThatBrokeFirst) {
    EXPECT_TRUE(verdict_line(broken(7), 1, 0).starts_with("FAIL safety S5 seed=7 commit="));
    EXPECT_TRUE(verdict_line(unsettled(7), 1, 0).starts_with("FAIL liveness L1 seed=7 commit="));
    sim::RunVerdict audit = life(7);
    audit.ending = sim::Ending::simulator_fault;
    EXPECT_TRUE(verdict_line(audit, 1, 0).starts_with("FAIL simulator SIM seed=7 commit="));
    EXPECT_EQ(details_of(broken(7)),
              "faults=0 writes=0 settled=0s\nS5: a stranger\n  S5 a stranger\n"
              "  S4 a write is missing\n");
}

TEST(Verdict, ASwarmIsAsBadAsItsGravestLife) {
    SwarmReport report;
    report.lives = 4'000;
    report.parked = 687;
    report.events = 9'000;
    report.digest = 0xdef;
    EXPECT_EQ(verdict_line(report, 3),
              "PASS seeds=4000 failed=0 parked=687" + commit_told +
                  " virtual=0.000y events=9000 events/s=3000 digest=0000000000000def new_cells=0");
    report.failures = {unsettled(3), broken(5), broken(8)};
    EXPECT_TRUE(verdict_line(report, 3).starts_with("FAIL safety S5 seed=5 seeds=4000 failed=3 "));
}

TEST(Verdict, ALifeThatTookNoTimeIsNotDividedBy) {
    EXPECT_NE(verdict_line(life(7), 0, 0).find(" events/s=0 "), std::string::npos);
}

}  // namespace
}  // namespace quorate::cli
