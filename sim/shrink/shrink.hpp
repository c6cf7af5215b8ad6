// Reduces a failing life to what it takes (simulator.md 4.4). Any tape is valid, so whatever is
// left out or made simpler is just another life; it is kept when it fails in the same way. What is
// left out late is lived from the last checkpoint before it: the same life, sooner.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/run/checkpoints.hpp"
#include "sim/run/run.hpp"

namespace quorate::sim {

struct ShrinkOptions {
    std::uint64_t lives_max = 4'000;
    // Another than the product's is what the reducer is tested with.
    Step (*core)(State, const Event&) = &quorate::step;
    CheckpointLimits checkpoints{.every = seconds(20), .most = 32};
};

struct Shrunk {
    Tape tape;           // fails in the same way as the first
    RunVerdict verdict;  // of it
    std::uint64_t lives = 0;
    Span spared;           // virtual time of these lives that was not lived again
    bool minimal = false;  // without any one of its episodes it does not fail like this
};

// nullopt: the tape does not fail, or not twice in the same way.
std::optional<Shrunk> shrink(const Tape& tape, const ShrinkOptions& options);

}  // namespace quorate::sim
