// The recovery table is a function: every input has one row, and every row is met.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "core/explain.hpp"
#include "core/rules/recovery_table.hpp"

namespace quorate {
namespace {

RecoveryCase case_of(unsigned bits) {
    return {(bits & 1) != 0,  (bits & 2) != 0,  (bits & 4) != 0, (bits & 8) != 0,
            (bits & 16) != 0, (bits & 32) != 0, (bits & 64) != 0};
}

std::string picture(const RecoveryCase& input) {
    std::string text;
    const auto add = [&](const char* name, bool value) {
        text += std::string(value ? " " : " not-") + name;
    };
    add("paused", input.paused);
    add("founded", input.founded);
    add("member", input.member);
    add("data", input.data);
    add("continues", input.continues);
    add("unused", input.unused);
    add("wanted", input.wanted);
    return text;
}

// Read from the rows alone, not through recovery_rule, which stops at the first.
bool fits(const RecoveryRow& row, const RecoveryCase& input) {
    const bool values[] = {input.paused,    input.founded, input.member, input.data,
                           input.continues, input.unused,  input.wanted};
    for (std::size_t i = 0; i < row.needs.size(); ++i) {
        if (row.needs[i] == Need::y && !values[i]) return false;
        if (row.needs[i] == Need::n && values[i]) return false;
    }
    return true;
}

TEST(RecoveryTable, RowsAreDisjointAndComplete) {
    for (unsigned bits = 0; bits < 128; ++bits) {
        const RecoveryCase input = case_of(bits);
        std::string matched;
        int count = 0;
        for (const auto* row = begin_of_recovery_table(); row != end_of_recovery_table(); ++row) {
            if (!fits(*row, input)) continue;
            ++count;
            matched += " " + rule_name(row->id);
            EXPECT_EQ(row->id, recovery_rule(input).id) << picture(input);
        }
        EXPECT_EQ(1, count) << picture(input) << " is matched by" << matched;
    }
}

struct Named {
    const char* name;
    RecoveryCase input;
    RuleId rule;
    RecoveryVerdict verdict;
};
void PrintTo(const Named& named, std::ostream* out) { *out << named.name; }

class RecoveryTableRow : public testing::TestWithParam<Named> {};

TEST_P(RecoveryTableRow, Decides) {
    const RecoveryRow& row = recovery_rule(GetParam().input);
    EXPECT_EQ(rule_name(GetParam().rule), rule_name(row.id)) << picture(GetParam().input);
    EXPECT_EQ(GetParam().verdict, row.verdict) << row.because;
}

// clang-format off
const Named rows[] = {
    {"D01_paused_leaves_a_good_member_alone", {.paused = true, .founded = true, .member = true, .data = true, .continues = true}, RuleId::D01, RecoveryVerdict::wait},
    {"D02_nothing_cannot_continue",           {.continues = true, .wanted = true},                                                RuleId::D02, RecoveryVerdict::impossible},
    {"D03_data_is_not_unused",                {.founded = true, .member = true, .data = true, .unused = true},                    RuleId::D03, RecoveryVerdict::impossible},
    {"D04_empty_and_wanted_may_found",        {.wanted = true},                                                                   RuleId::D04, RecoveryVerdict::tell_empty},
    {"D05_empty_and_unwanted_waits",          {},                                                                                 RuleId::D05, RecoveryVerdict::wait},
    {"D06_data_without_a_record",             {.data = true, .wanted = true},                                                     RuleId::D06, RecoveryVerdict::refuse_to_found},
    {"D07_a_continuing_volume_starts",        {.founded = true, .member = true, .data = true, .continues = true, .wanted = true}, RuleId::D07, RecoveryVerdict::start},
    {"D07_also_when_no_longer_desired",       {.founded = true, .member = true, .data = true, .continues = true},                 RuleId::D07, RecoveryVerdict::start},
    {"D08_another_volume_is_set_aside",       {.founded = true, .member = true, .data = true, .wanted = true},                    RuleId::D08, RecoveryVerdict::set_aside},
    {"D09_a_founder_before_its_first_WAL",    {.founded = true, .member = true, .unused = true, .wanted = true},                  RuleId::D09, RecoveryVerdict::start},
    {"D10_a_lost_volume_asks",                {.founded = true, .member = true, .wanted = true},                                  RuleId::D10, RecoveryVerdict::ask_admission},
    {"D11_lost_and_unwanted_waits",           {.founded = true, .member = true},                                                  RuleId::D11, RecoveryVerdict::wait},
    {"D12_a_removed_members_data",            {.founded = true, .data = true, .wanted = true},                                    RuleId::D12, RecoveryVerdict::set_aside},
    {"D13_a_new_replica_asks",                {.founded = true, .wanted = true},                                                  RuleId::D13, RecoveryVerdict::ask_admission},
    {"D14_an_unwanted_stranger_waits",        {.founded = true},                                                                  RuleId::D14, RecoveryVerdict::wait},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Rows, RecoveryTableRow, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(RecoveryTable, EachRowHasACase) {
    for (const auto* row = begin_of_recovery_table(); row != end_of_recovery_table(); ++row) {
        bool met = false;
        for (const Named& named : rows)
            met = met || named.rule == row->id;
        EXPECT_TRUE(met) << rule_name(row->id) << " has no case in this file";
    }
}

}  // namespace
}  // namespace quorate
