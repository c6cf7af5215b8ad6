// The five-line heart: compute, persist, install, release. Observations are taken in order, several
// of those that wait into one synced write; a command never starts without its durable record. The
// agent and the simulator drive this same engine, each through its own form of the ports.
#pragma once

#include <span>
#include <vector>

#include "core/engine/ports.hpp"
#include "core/step.hpp"

namespace quorate {

// What the engine drives. Another step than the product's is for those who try out its observers.
struct Core {
    Step (*step)(State, const Event&) = &quorate::step;
    std::uint64_t (*digest)(const State&);
};

class Engine {
  public:
    struct Ports {
        JournalPort& journal;
        OutboxPort& outbox;
        ClockPort& clock;
    };

    // `state`: as folded from the journal; State{} for a new one. Ports outlive the engine.
    Engine(Ports ports, State state, Core core);

    const State& state() const { return state_; }

    // Moves the observations away. No: the journal could not take them; nothing has happened and
    // nothing more may.
    [[nodiscard]] Durable take(std::span<Observation> observations);

  private:
    Event stamp(Observation observation, const State& after);

    Ports ports_;
    Core core_;
    State state_;
    // Of the batch in hand. They outlive it only so that the next one finds their memory.
    State next_;
    std::vector<Record> records_;
};

}  // namespace quorate
