// Runs every scenario of the repository: its name states the fact, its first line is the claim.
#include "sim/script/script.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/scenario/scenarios.hpp"

namespace quorate::sim {
namespace {

class Scenario : public testing::TestWithParam<std::string> {};

// What it amounted to is looked at by a person, as a difference of the file: with QUORATE_REWRITE
// set, the golden blocks are written anew.
TEST_P(Scenario, GoesAsItClaims) {
    const std::string text = text_of_scenario(GetParam());
    const LivedScript lived = live_script(text);
    ASSERT_TRUE(lived.outcome.good)
        << GetParam() << "\n  claim: " << lived.outcome.claim << "\n  " << lived.outcome.failure;
    if (std::getenv("QUORATE_REWRITE") != nullptr) {
        std::ofstream(root_of_scenarios() / GetParam()) << with_golden(text, lived.told);
        return;
    }
    EXPECT_TRUE(golden_in(text)) << GetParam() << " has no golden block";
    EXPECT_EQ(lived.differs, "") << GetParam();
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

constexpr const char* three_form =
    "claim three replicas form\n"
    "replicas 3 parallel\n"
    "expect steady within 60s\n";

TEST(Golden, SaysWhatTheLifeAmountedTo) {
    const LivedScript lived = live_script(three_form);
    ASSERT_TRUE(lived.outcome.good) << lived.outcome.failure;
    EXPECT_EQ(lived.told.back(), "PASS");
    EXPECT_EQ(lived.told.size(), 4U) << "three founders, and how it ended";
    EXPECT_EQ(lived.differs, "") << "it has no block yet";
    const std::string written = with_golden(three_form, lived.told);
    EXPECT_EQ(live_script(written).differs, "");
    EXPECT_EQ(live_script(written).outcome.digest, lived.outcome.digest) << "it is passed over";
    EXPECT_EQ(with_golden(written, lived.told), written);
}

TEST(Golden, IsNotWhatTheLifeAmountedToAnyMore) {
    Lines told = live_script(three_form).told;
    const std::string founder = told[1];
    told[1] = "removes replica 1";
    const LivedScript lived = live_script(with_golden(three_form, told));
    EXPECT_TRUE(lived.outcome.good) << "that is for the block to say";
    EXPECT_EQ(lived.differs, "line 2 of its golden block: removes replica 1; now: " + founder);
    told.resize(1);
    EXPECT_NE(live_script(with_golden(three_form, told)).differs, "") << "more has happened";
}

TEST(Golden, TakesThePlaceOfTheOneBefore) {
    const std::string text = "claim nothing\ngolden\n  PASS\n# why\n";
    EXPECT_EQ(golden_in(text), Lines{"PASS"});
    EXPECT_EQ(with_golden(text, {"founds", "FAIL"}),
              "claim nothing\ngolden\n  founds\n  FAIL\n# why\n");
    EXPECT_EQ(with_golden("claim nothing\n", {}), "claim nothing\ngolden\n");
    EXPECT_EQ(without_golden(text), "claim nothing\n\n\n# why\n");
    EXPECT_FALSE(golden_in("claim nothing\n"));
}

}  // namespace
}  // namespace quorate::sim
