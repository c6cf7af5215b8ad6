#include "core/engine/engine.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace quorate {

Engine::Engine(Ports ports, State state, DigestOf digest)
    : ports_(ports), state_(std::move(state)), digest_(digest) {}

// The only place where time enters. It never runs backwards for the core, whatever a clock does.
Event Engine::stamp(const Observation& observation, const State& after) {
    return Event{EventSeq{after.seq.value + 1}, std::max(after.now, ports_.clock.now()),
                 observation};
}

Durable Engine::take(std::span<const Observation> observations) {
    std::vector<Record> records;
    std::vector<Command> commands;
    State state = state_;
    for (const Observation& observation : observations) {
        Event event = stamp(observation, state);
        Step step = quorate::step(std::move(state), event);
        state = std::move(step.next);
        commands.insert(commands.end(), step.decision.commands.begin(),
                        step.decision.commands.end());
        records.push_back({std::move(event), std::move(step.decision), digest_(state)});
    }
    if (ports_.journal.commit(records) == Durable::no) return Durable::no;
    state_ = std::move(state);
    ports_.outbox.release(commands);
    return Durable::yes;
}

}  // namespace quorate
