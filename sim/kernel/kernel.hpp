// Time, order, chance and the digest of one simulated life. Everything that happens goes through
// here, so that equal digests mean equal lives.
#pragma once

#include <cstdint>

#include "core/base/instant.hpp"
#include "core/base/mix.hpp"
#include "sim/kernel/queue.hpp"
#include "sim/kernel/streams.hpp"

namespace quorate::sim {

struct Kernel {
    explicit Kernel(std::uint64_t seed) : streams(seed), digest(scramble(seed)) {}

    void schedule(Span after, Happening happening) {
        happening.at = now + after;
        happening.since = now;
        queue.push(happening);
    }

    // The turn of what is to happen then, for whoever keeps it instead of the queue; and into the
    // queue after all, where it would be had it been there all along.
    Turn book(Span after) { return {now + after, now, queue.number()}; }
    void schedule_booked(const Turn& booked, Happening happening) {
        happening.at = booked.at;
        happening.since = booked.since;
        happening.seq = booked.seq;
        queue.push_numbered(happening);
    }

    Happening next() {
        const Happening what = queue.pop();
        now = what.at;
        turn = {what.at, what.since, what.seq};
        return what;
    }
    // Nothing is due by then any more.
    void rest(Instant until) {
        now = until;
        turn = {until, until, UINT64_MAX};
    }

    void note(std::uint64_t value) { digest = mix(digest, value); }
    // What an agent was told or decided, or a member applied: with its time.
    void note_deed(std::uint64_t value) {
        note(value);
        deeds = mix(mix(deeds, static_cast<std::uint64_t>(now.us)), value);
    }

    // Life begins one second after zero: the core takes the instant zero for "never".
    Instant now{1'000'000};
    Turn turn{now, {}, 0};  // whose it is: all that was before it has happened
    Queue queue;
    Streams streams;
    std::uint64_t digest;     // of all that happened
    std::uint64_t deeds = 0;  // the same with leaps and without (simulator.md 5.3)
    std::uint64_t events = 0;
};

}  // namespace quorate::sim
