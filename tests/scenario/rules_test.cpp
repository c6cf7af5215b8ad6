// Every rule answers in some scenario. A rule that none can reach stands in out_of_reach.txt with
// the reason; a line there that is of no use any more is an error too.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/explain.hpp"
#include "core/rules/recovery_table.hpp"
#include "sim/script/script.hpp"
#include "tests/scenario/answered.hpp"
#include "tests/scenario/scenarios.hpp"

namespace quorate::sim {
namespace {

using Names = std::set<std::string>;
using Reasons = std::map<std::string, std::string>;

// Rules outside any table are numbered without gaps, up to the first without a reason.
void add_from(RuleId first, Names& names) {
    const std::string unknown = because_of(RuleId{});
    for (auto number = static_cast<std::uint16_t>(first);; ++number) {
        const auto rule = static_cast<RuleId>(number);
        if (because_of(rule) == unknown) return;
        names.insert(rule_name(rule));
    }
}

Names all_rules() {
    Names names;
    for (const MachineTable& table : all_tables())
        for (const RowText& row : table.rows)
            names.insert(rule_name(row.id));
    for (const auto* row = begin_of_recovery_table(); row != end_of_recovery_table(); ++row)
        names.insert(rule_name(row->id));
    add_from(RuleId::N01, names);
    add_from(RuleId::L01, names);
    add_from(RuleId::U01, names);
    return names;
}

// The setting comes after the claim; a scenario that names a seed itself keeps it.
std::string with_seed(const std::string& text, int seed) {
    const std::size_t claim = text.find('\n') + 1;
    return text.substr(0, claim) + "seed " + std::to_string(seed) + "\n" + text.substr(claim);
}

// Delays are drawn from the seed, and some rules are for races. Whether a scenario goes as it
// claims is judged with its own seed, elsewhere; here the same story is told with several, until
// every rule has been met.
Names answered_in(const std::vector<std::string>& scenarios, const Names& wanted) {
    constexpr int seeds = 40;
    Names names;
    answered().clear();
    for (int seed = 1; seed <= seeds; ++seed) {
        for (const std::string& name : scenarios)
            run_script(with_seed(text_of_scenario(name), seed));
        for (const RuleId rule : answered())
            names.insert(rule_name(rule));
        if (std::includes(names.begin(), names.end(), wanted.begin(), wanted.end())) break;
    }
    return names;
}

// A line "H25 reason"; `#` begins a comment.
Reasons reasons_in(std::istream& in) {
    Reasons reasons;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#') continue;
        std::string reason;
        const std::size_t space = line.find(' ');
        if (space != std::string::npos) reason = line.substr(space + 1);
        reasons[line.substr(0, space)] = reason;
    }
    return reasons;
}

std::vector<std::string> problems(const Names& all, const Names& answering,
                                  const Reasons& out_of_reach) {
    std::vector<std::string> found;
    for (const std::string& rule : all)
        if (!answering.count(rule) && !out_of_reach.count(rule))
            found.push_back(rule + " answers in no scenario");
    for (const auto& [rule, reason] : out_of_reach) {
        if (!all.count(rule)) found.push_back(rule + " is out of reach, but there is no such rule");
        if (answering.count(rule))
            found.push_back(rule + " answers in a scenario, so it is not out of reach any more");
        if (reason.empty()) found.push_back(rule + " is out of reach without a reason");
    }
    return found;
}

TEST(Rules, EachAnswersInSomeScenario) {
    const char* file = std::getenv("QUORATE_OUT_OF_REACH");
    ASSERT_NE(file, nullptr);
    std::ifstream in(file);
    ASSERT_TRUE(in) << file;
    const Names all = all_rules();
    const Reasons out_of_reach = reasons_in(in);
    Names wanted;
    for (const std::string& rule : all)
        if (!out_of_reach.count(rule)) wanted.insert(rule);
    for (const std::string& problem :
         problems(all, answered_in(all_scenarios(), wanted), out_of_reach))
        ADD_FAILURE() << problem;
}

TEST(Rules, OneThatNoScenarioReachesIsFound) {
    const Names all = all_rules();
    EXPECT_GT(all.size(), 150U);
    const Names few = answered_in({"repair/a-wiped-replica-joins-afresh.scn"}, {});
    for (const char* rule : {"R01", "D04", "N10", "L01", "H16"})
        EXPECT_TRUE(few.count(rule)) << rule;
    EXPECT_EQ(problems(all, few, {}).size(), all.size() - few.size());
    Names but_one = all;
    but_one.erase("H16");
    EXPECT_EQ(problems(all, but_one, {}), std::vector<std::string>{"H16 answers in no scenario"});
}

TEST(Rules, ALineOfNoUseIsFound) {
    const Names all = all_rules();
    std::istringstream lines("# comment\n\nH16 nobody is promoted here\nX99 what is that\nH17\n");
    Names answering = all;
    answering.erase("H17");
    EXPECT_EQ(
        problems(all, answering, reasons_in(lines)),
        (std::vector<std::string>{"H16 answers in a scenario, so it is not out of reach any more",
                                  "H17 is out of reach without a reason",
                                  "X99 is out of reach, but there is no such rule"}));
}

}  // namespace
}  // namespace quorate::sim
