// Decisions in words. The only place that makes prose of them: logs, the command line, the timeline
// and docs/rules.md all speak through here.
#pragma once

#include <string>
#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/decision.hpp"
#include "core/model/observation.hpp"

namespace quorate {

// "M07".
std::string rule_name(RuleId rule);
const char* machine_name(Machine machine);
const char* phase_name(Machine machine, std::uint8_t phase);
// It waits for a person, whichever machine it is.
bool is_parked(Machine machine, std::uint8_t phase);

// Why the rule exists: one line, the same wherever it is met.
const char* because_of(RuleId rule);

// "replica 1: volume is set aside: rolled-back (R12 examining -> setting_aside)".
std::string explain(const RuleHit& hit);

// The whole decision in one sentence; empty when nothing was decided.
std::string explain(const Decision& decision);

// "remove member 8e9e05c52164694d": what a command wants, in a few words.
std::string explain(const Command& command);

// "replica 2 stopped answering": what became known.
std::string explain(const Observation& observation);

struct MachineTable {
    Machine machine;
    std::vector<RowText> rows;
};
// All tables, for the goldens, docs/rules.md and the tests of coverage.
std::vector<MachineTable> all_tables();

}  // namespace quorate
