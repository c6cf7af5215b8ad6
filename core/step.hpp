// The core as one function. Obligations of whoever calls it:
//   1. events carry ascending sequence numbers, and instants that never run backwards;
//   2. event and decision are durable before any command of the decision is carried out;
//   3. every command that has an outcome gets exactly one CommandEnded, `unknown` at its deadline;
//   4. WakeAt replaces the timer armed before; ProbeReplicas replaces the set probed before,
//      AskPeers the set asked before;
//   5. the first event of every life of an agent is AgentStarted.
// What the caller may rely on: no clock, randomness, I/O or identity is made here, and the same
// state and event give the same step, bit for bit, in the agent, the simulator and the replay.
#pragma once

#include "core/model/decision.hpp"
#include "core/model/observation.hpp"
#include "core/model/state.hpp"

namespace quorate {

struct Step {
    State next;
    Decision decision;
};

Step step(State state, const Event& event);

// The same for whoever needs the state before no more: it becomes the next one.
Decision advance(State& state, const Event& event);

}  // namespace quorate
