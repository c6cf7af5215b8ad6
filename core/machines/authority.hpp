// Machine `authority`: may this agent change membership now; taken for work, given back after.
// The table is in authority.cpp; the grid of phases and signals is a golden of tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using AuthorityTurn = Turn<AuthorityPhase, Effects<AuthorityState>>;

AuthorityTurn turn_authority(const State& state, const AuthoritySignal& signal);

const char* authority_phase_name(std::uint8_t phase);
std::vector<RowText> authority_rows();

}  // namespace quorate
