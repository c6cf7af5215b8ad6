// Machine `replica`: one agent's own disk and etcd: from the first look at the volume to the last
// word before the agent exits. The table is in replica.cpp; the grid of phases and signals is a
// golden of tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using ReplicaTurn = Turn<ReplicaPhase, Effects<ReplicaState>>;

ReplicaTurn turn_replica(const State& state, const ReplicaSignal& signal);

const char* replica_phase_name(std::uint8_t phase);
std::vector<RowText> replica_rows();

}  // namespace quorate
