// Machine `volume`: the two-step nonce of one start.
// The table is in volume.cpp; the grid of phases and signals is a golden of tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using VolumeTurn = Turn<VolumePhase, Effects<VolumeState>>;

VolumeTurn turn_volume(const State& state, const VolumeSignal& signal);

const char* volume_phase_name(std::uint8_t phase);
std::vector<RowText> volume_rows();

}  // namespace quorate
