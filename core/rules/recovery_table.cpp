#include "core/rules/recovery_table.hpp"

#include <iterator>

#include "core/base/check.hpp"

namespace quorate {
namespace {

using enum Need;
using enum RecoveryVerdict;

// clang-format off
constexpr RecoveryRow table[] = {
//   id             paused founded member data continues unused wanted   verdict           because
    {RuleId::D01, { y,     _,      _,     _,   _,        _,     _ },     wait,            "zero replicas are desired: paused, nothing is started and nothing is removed"},
    {RuleId::D02, { n,     _,      _,     n,   y,        _,     _ },     impossible,      "nothing cannot continue anything"},
    {RuleId::D03, { n,     _,      _,     y,   _,        y,     _ },     impossible,      "data is there, so the start was used"},
    {RuleId::D04, { n,     n,      _,     n,   n,        _,     y },     tell_empty,      "no cluster yet and nothing on this volume: it may be founded here"},
    {RuleId::D05, { n,     n,      _,     n,   n,        _,     n },     wait,            "no cluster yet, and this replica is not among the desired ones"},
    {RuleId::D06, { n,     n,      _,     y,   _,        n,     _ },     refuse_to_found, "data but no cluster record: founding would split a lineage"},
    {RuleId::D07, { n,     y,      y,     y,   y,        n,     _ },     start,           "the volume continues its identity"},
    {RuleId::D08, { n,     y,      y,     y,   n,        n,     _ },     set_aside,       "the volume is not the continuation of its identity"},
    {RuleId::D09, { n,     y,      y,     n,   n,        y,     _ },     start,           "founder or admitted learner that has not written anything yet"},
    {RuleId::D10, { n,     y,      y,     n,   n,        n,     y },     ask_admission,   "what ran here is gone: only a fresh identity may join"},
    {RuleId::D11, { n,     y,      y,     n,   n,        n,     n },     wait,            "gone, and not among the desired ones: its member will be removed"},
    {RuleId::D12, { n,     y,      n,     y,   _,        n,     _ },     set_aside,       "data of a removed member never joins again"},
    {RuleId::D13, { n,     y,      n,     n,   n,        _,     y },     ask_admission,   "desired, empty and not a member"},
    {RuleId::D14, { n,     y,      n,     n,   n,        _,     n },     wait,            "not desired and not a member"},
};
// clang-format on

bool fits(Need need, bool value) { return need == _ || (need == y) == value; }

bool fits(const RecoveryRow& row, const RecoveryCase& input) {
    const bool values[] = {input.paused,    input.founded, input.member, input.data,
                           input.continues, input.unused,  input.wanted};
    for (std::size_t i = 0; i < row.needs.size(); ++i)
        if (!fits(row.needs[i], values[i])) return false;
    return true;
}

}  // namespace

const RecoveryRow* begin_of_recovery_table() { return std::begin(table); }
const RecoveryRow* end_of_recovery_table() { return std::end(table); }

const RecoveryRow& recovery_rule(const RecoveryCase& input) {
    for (const RecoveryRow& row : table)
        if (fits(row, input)) return row;
    QUORATE_REQUIRE(!"a case without a row");
}

}  // namespace quorate
