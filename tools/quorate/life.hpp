// One simulated life, lived for a person: the first line is the verdict, what led there follows.
#pragma once

#include <string>

#include "sim/tape/tape.hpp"
#include "tools/quorate/exit.hpp"

namespace quorate::cli {

// What follows the verdict: nothing; lanes, a line for each transition; or every decision in words.
enum class Told { verdict, lanes, story };

enum class Lives { once, twice };  // sim/run/twice.hpp

// The exit is the life's (simulator.md 3.9).
Exit live(const sim::Tape& tape, Told told, Lives lives);

// The same of a scenario file's text. One that goes as it claims, but not as its golden block says,
// exits as conformance does (simulator.md 3.9).
Exit live_scenario(const std::string& text, Told told);

// Writes the golden block of this file anew. One that does not go as it claims stays as it is.
Exit rewrite_scenario(const std::string& file, const std::string& text);

}  // namespace quorate::cli
