// Whether a replica may be counted on, as its own agent says it. The agent's status, its metrics
// and the simulator's host ask here.
#pragma once

#include "core/model/state.hpp"

namespace quorate {

// S15: a linearizable read through the own etcd succeeded in `newest`, its newest answer. S14: and
// nothing this agent found, or was told by another, says that the content read is not the others'.
bool is_ready(const State& state, const MemberStatus& newest);

// In order, a StatefulSet starts a replica only when the one before is ready. This one is not, has
// done its part, and goes on only with replicas that may not be there yet: it counts as ready for
// that, or they would never be made.
bool awaits_peers(const State& state, const MemberStatus& newest);

}  // namespace quorate
