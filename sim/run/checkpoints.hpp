// Copies of a life as it goes by, one each so many virtual seconds (simulator.md 3.1). There are
// never more than a few: when they grow too many or too large every other one goes, and the rest
// still covers the whole life.
#pragma once

#include <cstddef>
#include <list>

#include "core/base/instant.hpp"
#include "sim/run/course.hpp"

namespace quorate::sim {

struct CheckpointLimits {
    Span every = seconds(60);  // twice as long each time they are thinned; whole seconds
    std::size_t most = 16;
    std::size_t bytes_most = 64 << 20;
};

class Checkpoints {
  public:
    explicit Checkpoints(CheckpointLimits limits = {}) : limits_(limits) {}

    // Keeps a copy when one is due.
    void pass(const Course& life);

    // The last that is also one of that tape's life; nullptr: there is none.
    const Course* last_of(const Tape& tape) const;

    // For a life that goes on from one of these, or begins anew (nullptr): as empty, and as far.
    Checkpoints beyond(const Course* from) const;
    // That life is now the one that these are of: what came after `from` is no part of it.
    void follow(const Course* from, Checkpoints beyond);

    const std::list<Course>& all() const { return kept_; }
    std::size_t bytes() const;

  private:
    void thin();

    CheckpointLimits limits_;
    Span last_;
    std::list<Course> kept_;  // oldest first; they cannot move
};

// The rest of a life, with copies of it as it goes by.
RunVerdict live(Course& life, Checkpoints* checkpoints = nullptr);

}  // namespace quorate::sim
