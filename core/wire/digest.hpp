// One number for a whole state: the same in the agent, the simulator and the replay, so that the
// first event after which two folds differ is found without comparing states.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/model/state.hpp"

namespace quorate::wire {

// Walks the fields; a field that has the value it was born with adds nothing, so a field appended
// to a struct leaves the digests of old journals as they are. Not cryptographic.
std::uint64_t digest(const State& state);

// The same for states that come one after another, some at a time, for whoever can wait. A digest
// is a long chain of multiplications, each of which waits for the one before; some chains side by
// side take hardly longer than one. And what a state has in common with the one before is not
// walked again.
class Digests {
  public:
    static constexpr std::size_t most = 4;

    // Some of the words of a state.
    struct Run {
        std::size_t begin = 0;
        std::size_t size = 0;
    };

    bool full() const { return size_ == most; }

    // Not when it is full. The state is needed no longer.
    void add(const State& state);
    // Of those that were added, in their order; then it is empty. Good until the next `add`.
    std::span<const std::uint64_t> take();

  private:
    State before_;           // the state last added
    std::vector<Run> runs_;  // where the words of each of its fields are
    std::array<std::vector<std::uint64_t>, most> words_;  // of each state, with room behind them
    std::array<std::size_t, most> counts_{};
    std::array<std::uint64_t, most> hashes_{};
    std::size_t first_ = 0;  // whose words are those of the first that waits; they go round
    std::size_t size_ = 0;
};

}  // namespace quorate::wire
