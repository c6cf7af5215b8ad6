// Which rules answered since the program began, whoever asked: rows of machines and looks when a
// step took them, rows of the recovery table and of the planner when they were the answer.
//
// Machines leave their rules in the decision; the table and the planner only what follows from
// them. So the linker leads the calls of these functions through here (--wrap, see meson.build):
// the core stays as it is shipped and knows nothing of being watched.
#pragma once

#include <set>

#include "core/model/rules.hpp"

namespace quorate::sim {

std::set<RuleId>& answered();

}  // namespace quorate::sim
