// States from the middle of lives, so that a law of few events still meets an agent that serves,
// repairs, lost its quorum or is parked. Always the same ones: the numbers are counted, not drawn.
#pragma once

#include <vector>

#include "tests/property/core_life.hpp"
#include "tests/property/law.hpp"

namespace quorate::test {

inline State newborn(std::uint32_t self) {
    const Event first{EventSeq{1}, Instant{1'000'000}, Life::birth(self, addresses, 77 + self)};
    return step(State{}, first).next;
}

// An agent that is on its way out, or decides nothing any more, has nothing left to show.
inline bool is_over(const State& state) {
    return state.exiting || !state.facts.unknown_event.empty();
}

inline void take(State& state, Observation observation, Span later) {
    const Event event{EventSeq{state.seq.value + 1}, state.now + later, std::move(observation)};
    state = step(std::move(state), event).next;
}

// Nobody answers for longer than anybody waits; commands are answered as before.
inline State after_an_outage(State state, Dice& dice) {
    for (int seconds_left = 90; seconds_left > 0; --seconds_left) {
        for (std::uint32_t i = 0; i < addresses; ++i)
            take(state, ReplicaProbed{Ordinal{i}, {}}, milliseconds(100));
        if (state.in_flight.empty()) continue;
        const auto& [id, command] = *state.in_flight.begin();
        const auto* body = &command.body;
        const bool local = std::holds_alternative<ExamineDisk>(*body) ||
                           std::holds_alternative<WriteRecord>(*body);
        CommandEnded ended{id, Done{}, Nothing{}};
        if (local)
            ended.brought = std::visit(Answer{state, dice}, *body);
        else
            ended.outcome = Unknown{"nobody answers"};
        take(state, std::move(ended), milliseconds(100));
    }
    return state;
}

inline std::vector<State> grown() {
    constexpr std::uint32_t lives = 60;
    constexpr std::uint32_t events = 400;
    std::vector<State> states;
    for (std::uint32_t number = 0; number < lives; ++number) {
        const Life life(number % 4 == 3 ? World::erratic : World::helpful);
        State state = newborn(number % 12 == 11 ? 1 : 0);  // only replica 0 founds in this world
        for (std::uint32_t i = 0; i < events && !is_over(state); ++i) {
            const auto seed = static_cast<std::uint32_t>(scramble(number * 1'000'000 + i));
            Dice dice(seed);
            if (i % 40 == 0 && i > 0) states.push_back(state);
            if (i % 160 == 120) states.push_back(after_an_outage(state, dice));
            const Event event = life.next(state, seed);
            state = step(std::move(state), event).next;
        }
    }
    std::erase_if(states, is_over);
    states.insert(states.begin(), newborn(0));
    return states;
}

// The first is newborn.
inline const std::vector<State>& ripe() {
    static const std::vector<State> states = grown();
    return states;
}

inline World any_world() { return static_cast<World>(below(3)); }

// What a state is like, for the histogram of a law.
inline void classify_state(const State& state) {
    classify(state.replica.phase == ReplicaPhase::serving, "serves");
    classify(state.authority.phase == AuthorityPhase::holding, "has authority");
    classify(state.repair.phase != RepairPhase::idle, "repairs");
    classify(state.cluster.phase == ClusterPhase::quorum_lost ||
                 state.cluster.phase == ClusterPhase::parked,
             "without quorum");
}

}  // namespace quorate::test
