// The scenarios that are played on real etcd too: their grammar, and that the model does on every
// release what their files say that real etcd did. The suite `xv` asks real etcd again.
#include <gtest/gtest.h>

#include "sim/xv/model.hpp"
#include "tests/scenario/scenarios.hpp"

namespace quorate::sim::xv {
namespace {

constexpr Version releases[] = {{3, 4, 23}, {3, 5, 23}, {3, 5, 35},
                                {3, 6, 10}, {3, 6, 16}, {3, 7, 3}};

std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(root_of_scenarios() / "xv"))
        if (entry.path().extension() == ".scn") names.push_back(entry.path().stem());
    std::sort(names.begin(), names.end());
    return names;
}

class XvModel : public testing::TestWithParam<std::string> {};

TEST_P(XvModel, DoesWhatRealEtcdDid) {
    const Scenario scenario = parse(GetParam(), text_of_scenario("xv/" + GetParam() + ".scn"));
    for (const Version version : releases)
        EXPECT_EQ(model_contradiction(scenario, version), "")
            << version.major << "." << version.minor << "." << version.patch;
}

std::string case_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    for (char& c : name)
        if (c == '-' || c == '.') c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, XvModel, testing::ValuesIn(files()), case_name);

constexpr const char* small =
    "claim a write is taken\n"
    "boot a b c\n"
    "put a 2\n"
    "  = on 3.4 3.5.23: no\n"
    "  = ok\n";

TEST(XvGrammar, AnOutcomeHoldsForTheReleasesItNames) {
    const Scenario scenario = parse("small", small);
    ASSERT_EQ(scenario.fault, "");
    EXPECT_EQ(contradiction(scenario, {3, 4, 23}, {"no"}), "");
    EXPECT_EQ(contradiction(scenario, {3, 5, 23}, {"no"}), "");
    EXPECT_EQ(contradiction(scenario, {3, 5, 35}, {"ok"}), "");
    EXPECT_EQ(contradiction(scenario, {3, 5, 35}, {"no"}),
              "line 3: put a 2: \"no\"; the file says \"ok\"");
}

TEST(XvGrammar, AStepWithoutItsOutcomeIsAContradiction) {
    const Scenario scenario = parse("small", "claim it is told\nboot a\nput a 1\n");
    EXPECT_EQ(contradiction(scenario, {3, 6, 16}, {"ok"}),
              "line 3: put a 1: \"ok\"; the file says nothing");
}

TEST(XvGrammar, AnAnswerThatDidNotComeInTimeSaysNothingUnlessTheFileSaysSo) {
    const Scenario scenario = parse("small", small);
    EXPECT_TRUE(went_unanswered(scenario, {3, 5, 35}, {"timeout"}));
    EXPECT_FALSE(went_unanswered(scenario, {3, 5, 35}, {"no"}));
    EXPECT_FALSE(went_unanswered(scenario, {3, 5, 35}, {"ok"}));
    const Scenario silent = parse("silent", "claim none\nboot a\nput a 1\n  = timeout\n");
    ASSERT_EQ(silent.fault, "");
    EXPECT_FALSE(went_unanswered(silent, {3, 5, 35}, {"timeout"}));
}

TEST(XvGrammar, WhatItDoesNotKnowIsRefused) {
    EXPECT_EQ(parse("bad", "boot a\n").fault, "line 1: boot a: the first line is the claim");
    EXPECT_EQ(parse("bad", "claim x\nexplode a\n").fault, "line 2: explode a: unknown step");
    EXPECT_EQ(parse("bad", "claim x\nboot a\n= ok\n").fault,
              "line 3: = ok: the line before has no outcome to compare");
    EXPECT_NE(play_model(parse("bad", "claim x\nput z 1\n"), {3, 6, 16}, 1).fault, "");
}

TEST(XvGrammar, WhatWasSeenIsWrittenByRelease) {
    const std::vector<Seen> seen = {
        {{3, 4, 23}, {"no"}}, {{3, 5, 23}, {"no"}}, {{3, 5, 35}, {"ok"}}};
    EXPECT_EQ(rewritten(small, seen),
              "claim a write is taken\n"
              "boot a b c\n"
              "put a 2\n"
              "  = on 3.4 3.5.23: no\n"
              "  = on 3.5.35: ok\n");
    EXPECT_EQ(rewritten(small, {{{3, 4, 23}, {"ok"}}, {{3, 7, 3}, {"ok"}}}),
              "claim a write is taken\n"
              "boot a b c\n"
              "put a 2\n"
              "  = ok\n");
}

TEST(XvGrammar, WhatIsLeftToTheModelStaysSo) {
    const std::string text = "claim who knows\nboot a\nput a 1\n  = any\ntable a\n  = any\n";
    EXPECT_EQ(rewritten(text, {{{3, 4, 23}, {"ok", "a voter"}}}), text);
    EXPECT_EQ(contradiction(parse("small", text), {3, 4, 23}, {"no-space", "?"}), "");
}

// A model that did nothing would agree with nothing.
TEST(XvModelItself, ContradictsAFileThatSaysSomethingElse) {
    const Scenario scenario =
        parse("small", "claim a write is refused\nboot a\nput a 1\n  = no-space\n");
    EXPECT_EQ(model_contradiction(scenario, {3, 6, 16}),
              "line 3: put a 1: \"ok\"; the file says \"no-space\"");
}

TEST(XvModelItself, IsNotAskedWhereTheFileSaysSo) {
    const Scenario scenario =
        parse("small", "claim x\nreal-only on 3.6: why\nboot a\nput a 1\n  = no-space\n");
    EXPECT_EQ(model_contradiction(scenario, {3, 6, 16}), "");
    EXPECT_NE(model_contradiction(scenario, {3, 5, 35}), "");
}

}  // namespace
}  // namespace quorate::sim::xv
