// One simulated life, lived for a person: the first line is the verdict, what led there follows.
#pragma once

#include <string>

#include "sim/tape/tape.hpp"
#include "tools/quorate/exit.hpp"

namespace quorate::cli {

// What follows the verdict: nothing; lanes, a line for each transition; or every decision in words.
enum class Told { verdict, lanes, story };

// The exit is the life's (simulator.md 3.9).
Exit live(const sim::Tape& tape, Told told);

// The same of a scenario file's text.
Exit live_scenario(const std::string& text, Told told);

// The same life twice. 13 when their digests differ: then nothing else that is said of it counts.
Exit live_twice(const sim::Tape& tape);

}  // namespace quorate::cli
