// The five-line heart: compute, persist, install, release. Observations are taken in order, several
// of those that wait into one synced write; a command never starts without its durable record.
#pragma once

#include <span>

#include "core/engine/ports.hpp"
#include "core/step.hpp"

namespace quorate {

using DigestOf = std::uint64_t (*)(const State&);

class Engine {
  public:
    struct Ports {
        JournalPort& journal;
        OutboxPort& outbox;
        ClockPort& clock;
    };

    // `state`: as folded from the journal; State{} for a new one. Ports outlive the engine.
    Engine(Ports ports, State state, DigestOf digest);

    const State& state() const { return state_; }

    // No: the journal could not take them; nothing has happened and nothing more may.
    [[nodiscard]] Durable take(std::span<const Observation> observations);

  private:
    Event stamp(const Observation& observation, const State& after);

    Ports ports_;
    State state_;
    DigestOf digest_;
};

}  // namespace quorate
