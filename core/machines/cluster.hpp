// Machine `cluster`: the lineage as a whole; acts only under authority, except that anybody may see
// quorum lost. The table is in cluster.cpp; the grid of phases and signals is a golden of
// tests/architecture.
#pragma once

#include <vector>

#include "core/machines/turn.hpp"
#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

using ClusterTurn = Turn<ClusterPhase, Effects<ClusterState>>;

ClusterTurn turn_cluster(const State& state, const ClusterSignal& signal);

const char* cluster_phase_name(std::uint8_t phase);
std::vector<RowText> cluster_rows();

}  // namespace quorate
