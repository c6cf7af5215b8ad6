// Machine `repair`: one change of membership in flight; at most one at a time (C3, S2).
// The table is in repair.cpp; the grid of phases and signals is a golden of tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using RepairTurn = Turn<RepairPhase, Effects<RepairState>>;

RepairTurn turn_repair(const State& state, const RepairSignal& signal);

const char* repair_phase_name(std::uint8_t phase);
std::vector<RowText> repair_rows();

}  // namespace quorate
