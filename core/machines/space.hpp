// Machine `space`: the NOSPACE alarm, from the first sight of it until every member has room again
// and it is disarmed, or until only a person can make room (S13, etcd facts 9). The table is in
// space.cpp; the grid of phases and signals is a golden of tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using SpaceTurn = Turn<SpacePhase, Effects<SpaceState>>;

SpaceTurn turn_space(const State& state, const SpaceSignal& signal);

const char* space_phase_name(std::uint8_t phase);
std::vector<RowText> space_rows();

}  // namespace quorate
