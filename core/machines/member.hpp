// Machine `member`: one entry of the member list, as this agent sees it.
// The table is in member.cpp; the grid of phases and signals is a golden of tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using MemberTurn = Turn<MemberPhase, Effects<MemberState>>;

MemberTurn turn_member(const State& state, MemberId member, const MemberSignal& signal);

const char* member_phase_name(std::uint8_t phase);
std::vector<RowText> member_rows();

}  // namespace quorate
