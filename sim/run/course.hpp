// The course of a life: its tape, the world that the tape has led to, and how many of its
// faults have begun. A copy is the same life at the same instant, and each goes on alone.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sim/run/run.hpp"

namespace quorate::sim {

class Course {
  public:
    Course(const Tape& tape, const LifeOptions& options);

    Span at() const { return world_.kernel.now - begin_; }
    const World& world() const { return world_; }

    // To the next fault and no further than to the next whole second; or the fault that is due
    // begins. False: the faults are over, or a promise is broken and the life was to stop at that.
    bool go_on();
    // What is left when the faults are over: peace, and the verdict.
    RunVerdict end();

    // Lived by that tape from the beginning it would stand at this very instant: what the tapes
    // tell differently comes later.
    bool is_also_of(const Tape& tape) const { return waiting_under(tape).has_value(); }
    // Goes on by that tape, of which this life is also one.
    void turn_to(const Tape& tape);

  private:
    bool broken() const;
    std::optional<std::vector<Episode>> waiting_under(const Tape& tape) const;

    Tape tape_;
    Stop stop_;
    World world_;
    Instant begin_;
    std::vector<Episode> timed_;  // the faults that wait for no command, until they end
    std::size_t begun_ = 0;       // of them
};

}  // namespace quorate::sim
