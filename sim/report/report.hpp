// What a person reads of a failing life: which promise was broken and what it says, what everybody
// knew when it broke beside what was true, and what led there. A bundle is all of it in one file
// that runs again by itself: its tape is a scenario, the rest stands in comments.
#pragma once

#include <string>

#include "sim/run/run.hpp"
#include "sim/tape/tape.hpp"

namespace quorate::sim {

// "S1": its promise in a sentence; empty for what is none of simulator.md 3.5 and 3.6.
std::string promise_of(const std::string& invariant);

// A line for each replica: the truth, and what its agent knows.
std::string truth_and_knowledge(const World& world);

// The verdict, the promise, truth and knowledge at the first violation (at the end when nothing was
// violated), and the last `lines` lines before it.
std::string explained(const Tape& tape, std::size_t lines = 60);

// The first line in which two lives differ, with what went before; empty: they are the same.
std::string first_difference(const Tape& a, const Tape& b);

// The life as a scenario up to its first violation: its verdict is the claim, and what it amounted
// to is the golden block.
std::string as_scenario(const Tape& tape);

// One file, below 1 MiB: the reduced life as a scenario; in comments its verdict, the life as it
// was found, and what `explained` says.
std::string bundle(const Tape& found, const Tape& reduced, const std::string& release);
inline constexpr std::size_t bundle_bytes_max = 1 << 20;

}  // namespace quorate::sim
