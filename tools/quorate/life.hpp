// One simulated life, lived for a person: the first line is the verdict, what led there follows.
#pragma once

#include "sim/tape/tape.hpp"
#include "tools/quorate/exit.hpp"

namespace quorate::cli {

enum class Told { verdict, all };

// The exit is the life's (simulator.md 3.9).
Exit live(const sim::Tape& tape, Told told);

// The same life twice. 13 when their digests differ: then nothing else that is said of it counts.
Exit live_twice(const sim::Tape& tape);

}  // namespace quorate::cli
