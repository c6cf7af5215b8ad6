// Machine `process`: the etcd child of this agent.
// The table is in process.cpp; the grid of phases and signals is a golden of tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using ProcessTurn = Turn<ProcessPhase, Effects<ProcessState>>;

ProcessTurn turn_process(const State& state, const ProcessSignal& signal);

const char* process_phase_name(std::uint8_t phase);
std::vector<RowText> process_rows();

}  // namespace quorate
