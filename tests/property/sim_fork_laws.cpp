// Laws of copies: a world that was copied at any instant of any life, and its copy, go on as the
// life that was never copied; what was kept of a life covers it within its bounds; and a copy that
// goes on by another tape is that tape's life.
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

// A core that never adds anybody: lives that fail, and end where they do.
Step adds_nobody(State state, const Event& event) {
    Step result = step(std::move(state), event);
    std::erase_if(result.decision.commands, [](const Command& command) {
        return std::holds_alternative<AddLearner>(command.body);
    });
    return result;
}

// What the reducer does to a tape, and what it does not.
Tape edited(Tape tape) {
    std::vector<Episode>& all = tape.episodes;
    const std::size_t at = all.empty() ? 0 : below(static_cast<std::uint32_t>(all.size()));
    const auto later = [&](std::size_t i) { return i >= at && all[i].command == 0; };
    switch (below(10)) {
        case 0:
            tape.replicas = 1 + below(World::size);
            return tape;
        case 1:
            tape.approves = !tape.approves;
            return tape;
        case 2:
            tape.faults_end = Span{1 + below(static_cast<std::uint32_t>(tape.faults_end.us))};
            return tape;
        case 3:
            tape.quick = !tape.quick;
            return tape;
        case 4:
            if (!all.empty()) all.insert(all.begin(), all[at]);
            return tape;
        case 5:
            if (!all.empty()) all[at].lasts = seconds(below(3));
            return tape;
        case 6:
            for (std::size_t i = 0; i < all.size(); ++i)
                if (later(i)) all[i].at = Span{all[i].at.us / 2};
            return tape;
        default:  // the more often, since it is what a reducer does most
            if (!all.empty()) all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
            return tape;
    }
}

RC_GTEST_PROP(ResumeLaw, ALifeThatIsResumedByAnotherTapeIsThatTapesLife, ()) {
    LifeOptions options;
    if (coin()) options = {.stop = Stop::at_the_first_violation, .core = &adds_nobody};
    Checkpoints kept({.every = seconds(1 + below(8))});
    Tape tape = any_tape();
    Course first(tape, options);
    const RunVerdict lived = live(first, &kept);
    classify(!lived.good(), "a life that fails");
    for (int edit = 0; edit < 2; ++edit) {
        const Tape other = edited(tape);
        const Course* from = kept.last_of(other);
        classify(from != nullptr && !(other == tape), "resumed");
        classify(from != nullptr && edit > 0, "resumed twice");
        classify(from == nullptr && !kept.all().empty(), "from its beginning");
        const bool of_the_last = from != nullptr && from == &kept.all().back();
        classify(from != nullptr && !of_the_last, "from one of the middle");
        Course life = from != nullptr ? Course(*from) : Course(other, options);
        if (from != nullptr) life.turn_to(other);
        Checkpoints beyond = kept.beyond(from);
        const std::string resumed = told(live(life, &beyond));
        RC_ASSERT(resumed == told(run_tape(other, options)));
        if (coin()) continue;  // it is not kept
        kept.follow(from, std::move(beyond));
        tape = other;
    }
}

}  // namespace
}  // namespace quorate::sim
