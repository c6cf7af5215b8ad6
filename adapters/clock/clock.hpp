// The only place that reads a clock.
#pragma once

#include <cstdint>

#include "core/engine/ports.hpp"

namespace quorate::clock {

// Wall time, for names and for people.
Instant wall();

// Since boot, also while suspended: what leases on one machine are measured with.
Instant since_boot();

// The time that events carry: wall time at the start, then only the steady clock. A wall clock that
// jumps changes nothing; a life that begins "before" the last event goes on from that event.
class EventClock final : public ClockPort {
  public:
    explicit EventClock(Instant last_event);
    Instant now() override;

  private:
    Instant origin_;
    Instant steady_origin_;
};

// How far the wall clock has moved against the steady one since the last call: a jump is told, not
// acted on (etcd facts 16.28).
class JumpWatch {
  public:
    JumpWatch();
    Span jumped();

  private:
    Span offset_;
};

}  // namespace quorate::clock
