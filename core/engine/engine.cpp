#include "core/engine/engine.hpp"

#include <algorithm>
#include <utility>

namespace quorate {

Engine::Engine(Ports ports, State state, Core core)
    : ports_(ports), core_(core), state_(std::move(state)) {}

// The only place where time enters. It never runs backwards for the core, whatever a clock does.
Event Engine::stamp(Observation observation, const State& after) {
    return Event{EventSeq{after.seq.value + 1}, std::max(after.now, ports_.clock.now()),
                 std::move(observation)};
}

Durable Engine::take(std::span<Observation> observations) {
    records_.clear();
    next_ = state_;
    for (Observation& observation : observations) {
        Event event = stamp(std::move(observation), next_);
        Step step = core_.step(std::move(next_), event);
        next_ = std::move(step.next);
        records_.push_back({std::move(event), std::move(step.decision), core_.digest(next_)});
    }
    if (ports_.journal.commit(records_) == Durable::no) return Durable::no;
    std::swap(state_, next_);
    for (const Record& record : records_)
        ports_.outbox.release(record.decision.commands);
    return Durable::yes;
}

}  // namespace quorate
