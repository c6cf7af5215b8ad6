// Runs every scenario of the repository: its name states the fact, its first line is the claim.
#include "sim/script/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace quorate::sim {
namespace {

namespace fs = std::filesystem;

fs::path root() {
    const char* set = std::getenv("QUORATE_SCENARIOS");
    return set != nullptr ? fs::path(set) : fs::path("scenarios");
}

std::vector<std::string> all_scenarios() {
    std::vector<std::string> names;
    if (!fs::exists(root())) return names;
    for (const auto& entry : fs::recursive_directory_iterator(root()))
        if (entry.path().extension() == ".scn")
            names.push_back(fs::relative(entry.path(), root()).string());
    std::sort(names.begin(), names.end());
    return names;
}

std::string text_of(const std::string& name) {
    std::ifstream in(root() / name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, GoesAsItClaims) {
    const ScriptOutcome outcome = run_script(text_of(GetParam()));
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
