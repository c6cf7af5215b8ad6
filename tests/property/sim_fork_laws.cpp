// Laws of copies: a world that was copied at any instant of any life, and its copy, go on as the
// life that was never copied; and what was kept of a life covers it within its bounds.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "sim/run/checkpoints.hpp"
#include "sim/run/course.hpp"
#include "tests/property/law.hpp"

namespace quorate::sim {
namespace {

using test::below;
using test::classify;
using test::coin;

Tape any_tape() {
    TapeOptions options;
    options.seed = test::word();
    options.until = seconds(20 + below(60));
    return draw_tape(options);
}

// All that is said of a life.
std::string told(const RunVerdict& verdict) {
    std::string text = text_of(verdict);
    const auto add = [&](std::uint64_t number) { text += " " + std::to_string(number); };
    for (const OracleCounter& counter : oracle_counters)
        add(verdict.counts.*counter.place);
    for (const Episodes::Count& count : verdict.injected) {
        add(count.asked);
        add(count.took);
    }
    add(verdict.faults_at_commands);
    add(verdict.decisions);
    add(static_cast<std::uint64_t>(verdict.broken_at.us));
    add(verdict.coverage.cells());
    return text;
}

// Or to where its faults end.
Course lived_until(const Tape& tape, Span until) {
    Course life(tape, {});
    while (life.at() < until && life.go_on()) {
    }
    return life;
}

RC_GTEST_PROP(ForkLaw, ForkAndOriginGoOnAsTheLifeThatWasNeverForked, ()) {
    const Tape tape = any_tape();
    const Span until{below(static_cast<std::uint32_t>(tape.faults_end.us))};
    Course origin = lived_until(tape, until);
    Course fork(origin);
    const auto& world = origin.world();
    classify(world.faults.injected() > 0, "faults had begun");
    classify(!world.faults.planned().empty(), "faults wait for their commands");
    classify(!world.faults.none_active(), "faults go on");
    classify(world.repair_under_way(), "a repair is under way");
    const bool fork_first = coin();
    const std::uint64_t digest = origin.world().kernel.digest;
    const std::string one = told(live(fork_first ? fork : origin));
    if (fork_first) RC_ASSERT(origin.world().kernel.digest == digest);
    if (!fork_first) RC_ASSERT(fork.world().kernel.digest == digest);
    const std::string other = told(live(fork_first ? origin : fork));
    const std::string never_forked = told(run_tape(tape));
    RC_ASSERT(one == never_forked);
    RC_ASSERT(other == never_forked);
}

RC_GTEST_PROP(ForkLaw, AWorldBecomesAnyOtherOfItsTape, ()) {
    const Tape tape = any_tape();
    const auto some_time = [&] {
        return Span{below(static_cast<std::uint32_t>(tape.faults_end.us))};
    };
    const Course origin = lived_until(tape, some_time());
    World world(lived_until(tape, some_time()).world());
    classify(world.kernel.now < origin.world().kernel.now, "an older one");
    classify(world.kernel.now > origin.world().kernel.now, "a younger one");
    world = origin.world();
    World again(origin.world());
    RC_ASSERT(world.kernel.digest == again.kernel.digest);
    world.run_for(seconds(20));
    again.run_for(seconds(20));
    RC_ASSERT(world.kernel.digest == again.kernel.digest);
    RC_ASSERT(world.kernel.events == again.kernel.events);
}

RC_GTEST_PROP(CheckpointLaw, TheyCoverTheLifeWithinTheirBounds, ()) {
    const Tape tape = any_tape();
    CheckpointLimits limits;
    limits.every = seconds(1 + below(5));
    limits.most = 1 + below(8);
    const bool large = coin();
    if (!large) limits.bytes_most = (1 + below(3)) << 20;
    Checkpoints kept(limits);
    const RunVerdict verdict = run_tape(tape, {.checkpoints = &kept});
    RC_ASSERT(told(verdict) == told(run_tape(tape)));
    RC_ASSERT(kept.all().size() <= limits.most);
    RC_ASSERT(kept.bytes() <= limits.bytes_most);
    classify(kept.all().size() > 3, "more than three");
    classify(kept.all().empty(), "none");
    if (kept.all().empty()) return;
    const Span every = kept.all().front().at();
    classify(every > limits.every, "thinned");
    Span at{};
    for (const Course& life : kept.all()) {
        RC_ASSERT(life.at() == at + every);
        at = life.at();
    }
    RC_ASSERT(tape.faults_end < at + every);
    const auto one =
        std::next(kept.all().begin(), below(static_cast<std::uint32_t>(kept.all().size())));
    Course rest(*one);
    RC_ASSERT(told(live(rest)) == told(verdict));
}

}  // namespace
}  // namespace quorate::sim
