// Laws of the simulator's kernel: the order in which things happen, and chance that nobody shifts.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/kernel/kernel.hpp"
#include "sim/kernel/queue.hpp"
#include "sim/kernel/streams.hpp"
#include "tests/property/law.hpp"

namespace quorate::sim {
namespace {

using test::below;
using test::classify;

// What was pushed, by time and then by order of pushing, whatever was taken in between.
RC_GTEST_PROP(QueueLaw, IsAStableSortByTime, ()) {
    Queue queue;
    std::vector<Happening> model;
    bool ties = false;
    std::size_t taken = 0;
    std::uint32_t payload = 0;
    const auto earlier = [](const Happening& a, const Happening& b) { return a.at < b.at; };
    const auto take = [&] {
        const auto first = std::min_element(model.begin(), model.end(), earlier);
        ties = ties || std::count_if(model.begin(), model.end(),
                                     [&](const Happening& one) { return one.at == first->at; }) > 1;
        RC_ASSERT(queue.next_at() == first->at);
        RC_ASSERT(queue.pop().payload == first->payload);
        model.erase(first);
        ++taken;
    };
    for (const std::uint32_t number : test::numbers(40)) {
        if (number % 3 == 0 && !model.empty()) {
            take();
            continue;
        }
        Happening happening;
        happening.at = Instant{number / 3 % 6};
        happening.payload = ++payload;
        queue.push(happening);
        model.push_back(happening);
    }
    classify(ties, "some at one instant");
    classify(taken > 0 && !model.empty(), "taken in between");
    while (!model.empty())
        take();
    RC_ASSERT(queue.empty());
}

// Whoever keeps what is to happen, and puts it there before its turn, changes no order: not even
// among what happens in one microsecond.
RC_GTEST_PROP(KernelLaw, WhatIsBookedHappensWhereItWouldHaveAllAlong, ()) {
    struct Kept {
        Turn turn;
        Happening happening;
    };
    Kernel at_once(1);
    Kernel later(1);
    std::vector<Kept> kept;
    bool behind = false;
    const auto take = [&] {
        // The last one first: where it ends up is none of its doing.
        while (!kept.empty()) {
            behind = behind || kept.back().turn.at == later.now;
            RC_ASSERT(later.turn < kept.back().turn);
            later.schedule_booked(kept.back().turn, kept.back().happening);
            kept.pop_back();
        }
        RC_ASSERT(later.next().payload == at_once.next().payload);
        RC_ASSERT(later.turn.at == at_once.now);
    };
    std::uint32_t payload = 0;
    for (const std::uint32_t number : test::numbers(40)) {
        if (number % 3 == 0 && !at_once.queue.empty()) {
            take();
            continue;
        }
        Happening happening;
        happening.payload = ++payload;
        const Span after = microseconds(number / 6 % 4);
        at_once.schedule(after, happening);
        if (number % 2 == 0)
            kept.push_back({later.book(after), happening});
        else
            later.schedule(after, happening);
    }
    classify(behind, "put there in the microsecond in which it happens");
    while (!at_once.queue.empty())
        take();
    RC_ASSERT(later.queue.empty());
}

struct Draw {
    std::uint8_t entity;
    Purpose purpose;
    bool operator==(const Draw&) const = default;
};

std::vector<Draw> any_draws() {
    std::vector<Draw> draws;
    for (const std::uint32_t number : test::numbers(30))
        draws.push_back(
            {static_cast<std::uint8_t>(number % 16),
             static_cast<Purpose>(number / 16 % static_cast<std::uint32_t>(Purpose::count_))});
    return draws;
}

// The draws of one lane are the same whatever the other lanes draw meanwhile.
RC_GTEST_PROP(StreamsLaw, ADrawInOneLaneShiftsNoOther, ()) {
    const std::uint64_t seed = test::word();
    const std::vector<Draw> others = any_draws();
    const Draw lane{static_cast<std::uint8_t>(below(16)),
                    static_cast<Purpose>(below(static_cast<std::uint32_t>(Purpose::count_)))};
    Streams alone(seed);
    Streams among(seed);
    std::size_t beside = 0;
    for (const Draw& other : others) {
        if (other == lane) continue;
        among.draw(other.entity, other.purpose);
        ++beside;
        RC_ASSERT(alone.draw(lane.entity, lane.purpose) == among.draw(lane.entity, lane.purpose));
    }
    classify(beside > 8, "more than eight draws beside");
    classify(beside == 0, "none beside");
}

RC_GTEST_PROP(StreamsLaw, LanesAndSeedsDoNotRepeatEachOther, ()) {
    const std::uint64_t seed = test::word();
    const Draw one{static_cast<std::uint8_t>(below(16)),
                   static_cast<Purpose>(below(static_cast<std::uint32_t>(Purpose::count_)))};
    Draw other = one;
    const bool purpose = test::coin();
    if (purpose)
        other.purpose =
            static_cast<Purpose>((static_cast<std::uint32_t>(one.purpose) + 1 +
                                  below(static_cast<std::uint32_t>(Purpose::count_) - 1)) %
                                 static_cast<std::uint32_t>(Purpose::count_));
    else
        other.entity = static_cast<std::uint8_t>((one.entity + 1U + below(15)) % 16);
    classify(purpose, "another purpose");
    classify(!purpose, "another entity");
    Streams streams(seed);
    Streams next(seed + 1);
    RC_ASSERT(streams.draw(one.entity, one.purpose) != streams.draw(other.entity, other.purpose));
    RC_ASSERT(Streams(seed).draw(one.entity, one.purpose) != next.draw(one.entity, one.purpose));
}

RC_GTEST_PROP(StreamsLaw, DrawsStayWithinTheirBounds, ()) {
    Streams streams(test::word());
    const std::uint64_t bound = test::coin() ? below(4) : test::word();
    const Span least{below(1000)};
    const Span most{least.us + below(1000)};
    classify(bound == 0, "no room");
    classify(least == most, "one value");
    for (int i = 0; i < 8; ++i) {
        const std::uint64_t drawn = streams.below(3, Purpose::boot, bound);
        RC_ASSERT((drawn < bound || drawn + bound == 0));
        const Span span = streams.between(3, Purpose::boot, least, most);
        RC_ASSERT(least <= span);
        RC_ASSERT(span <= most);
        RC_ASSERT(!streams.chance(3, Purpose::boot, 0));
        RC_ASSERT(streams.chance(3, Purpose::boot, 100));
    }
}

}  // namespace
}  // namespace quorate::sim
