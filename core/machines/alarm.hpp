// Machine `alarm`: the CORRUPT alarm, from the first sight of it until it may be disarmed, or until
// only a person can say which content is right (requirements C2, S13).
// The table is in alarm.cpp; the grid of phases and signals is a golden of tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using AlarmTurn = Turn<AlarmPhase, Effects<AlarmState>>;

AlarmTurn turn_alarm(const State& state, const AlarmSignal& signal);

const char* alarm_phase_name(std::uint8_t phase);
std::vector<RowText> alarm_rows();

}  // namespace quorate
