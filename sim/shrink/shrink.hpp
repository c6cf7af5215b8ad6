// Reduces a failing life to what it takes (simulator.md 4.4). Any tape is valid, so whatever is
// left out or made simpler is just another life; it is kept when it fails in the same way.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/run/run.hpp"

namespace quorate::sim {

struct ShrinkOptions {
    std::uint64_t lives_max = 4'000;
    // Runs a tape: another core than the product's is what the reducer is tested with.
    std::function<RunVerdict(const Tape&)> run = [](const Tape& tape) {
        return run_tape(tape, {.stop = Stop::at_the_first_violation});
    };
};

struct Shrunk {
    Tape tape;           // fails in the same way as the first
    RunVerdict verdict;  // of it
    std::uint64_t lives = 0;
    bool minimal = false;  // without any one of its episodes it does not fail like this
};

// nullopt: the tape does not fail, or not twice in the same way.
std::optional<Shrunk> shrink(const Tape& tape, const ShrinkOptions& options);

}  // namespace quorate::sim
