// Runs every scenario of the repository: its name states the fact, its first line is the claim.
#include "sim/script/script.hpp"

#include <gtest/gtest.h>

#include "tests/scenario/scenarios.hpp"

namespace quorate::sim {
namespace {

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, GoesAsItClaims) {
    const ScriptOutcome outcome = run_script(text_of_scenario(GetParam()));
    EXPECT_TRUE(outcome.good) << GetParam() << "\n  claim: " << outcome.claim << "\n  "
                              << outcome.failure;
}

std::string case_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param.substr(0, info.param.size() - 4);
    for (char& c : name)
        if (c == '-' || c == '/') c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, Scenario, testing::ValuesIn(all_scenarios()), case_name);

TEST(Scenarios, ThereAreSome) { EXPECT_GE(all_scenarios().size(), 20U); }

TEST(Script, NamesTheLineThatDidNotHold) {
    const ScriptOutcome outcome = run_script(
        "claim nonsense\n"
        "replicas 3 parallel\n"
        "expect steady within 60s\n"
        "expect voters 5\n");
    EXPECT_FALSE(outcome.good);
    EXPECT_EQ(outcome.failure, "line 4: expect voters 5: 3 voters");
}

TEST(Script, RefusesWhatItDoesNotKnow) {
    const ScriptOutcome outcome = run_script(
        "claim nonsense\n"
        "replicas 3 parallel\n"
        "explode 1\n");
    EXPECT_FALSE(outcome.good);
}

}  // namespace
}  // namespace quorate::sim
