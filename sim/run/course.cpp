#include "sim/run/course.hpp"

#include <algorithm>
#include <utility>

#include "core/base/check.hpp"

namespace quorate::sim {
namespace {

Config config_of(const Tape& tape, const LifeOptions& options) {
    Config config = config_of(tape);
    config.step = options.core;
    config.onlooker = options.onlooker;
    config.released_into = options.released_into;
    config.leaps = options.leaps;
    return config;
}

std::vector<Episode> timed_in(const Tape& tape) {
    std::vector<Episode> timed;
    for (const Episode& episode : tape.episodes)
        if (episode.command == 0 && episode.at < tape.faults_end) timed.push_back(episode);
    return timed;
}

std::vector<Episode> planned_in(const Tape& tape) {
    std::vector<Episode> planned;
    for (const Episode& episode : tape.episodes)
        if (episode.command != 0) planned.push_back(episode);
    return planned;
}

// All that a world begins with: a tape says nothing else but its faults, and how they end.
bool begin_alike(const Tape& a, Tape b) {
    b.episodes = a.episodes;
    b.faults_end = a.faults_end;
    b.approves = a.approves;
    return a == b;
}

Span next_second(Span at) { return Span{(at.us / 1'000'000 + 1) * 1'000'000}; }

}  // namespace

Course::Course(const Tape& tape, const LifeOptions& options)
    : tape_(tape),
      stop_(options.stop),
      world_(config_of(tape, options)),
      begin_(world_.kernel.now),
      timed_(timed_in(tape)) {
    for (const Episode& episode : planned_in(tape))
        world_.faults.plan(episode);
}

bool Course::broken() const {
    return stop_ == Stop::at_the_first_violation && !world_.oracles.found().empty();
}

bool Course::go_on() {
    if (broken()) return false;
    const bool all_begun = begun_ == timed_.size();
    const Span due = all_begun ? tape_.faults_end : timed_[begun_].at;
    if (at() < due) {
        world_.run_until(begin_ + std::min(due, next_second(at())));
        return true;
    }
    if (all_begun) return false;
    world_.faults.begin(timed_[begun_++]);
    return true;
}

RunVerdict Course::end() {
    Conclusion end;
    if (!broken()) end = conclude(world_, tape_.approves ? Operator::approves : Operator::absent);
    if (!broken()) world_.oracles.finish();
    RunVerdict verdict;
    verdict.seed = tape_.seed;
    verdict.ending = end.ending;
    verdict.what = end.what;
    verdict.settled_after = end.settled_after;
    verdict.violations = world_.oracles.found();
    if (!verdict.violations.empty()) {
        verdict.ending = Ending::broke_safety;
        verdict.what = verdict.violations.front().id + ": " + verdict.violations.front().what;
        verdict.broken_at = world_.oracles.found_at();
    }
    verdict.digest = world_.kernel.digest;
    verdict.deeds = world_.kernel.deeds;
    verdict.events = world_.kernel.events;
    verdict.faults = world_.faults.injected();
    verdict.faults_at_commands = world_.faults.took_at_commands();
    verdict.injected = world_.faults.counts();
    verdict.virtual_time = at();
    verdict.counts = world_.oracles.counts();
    verdict.acknowledged = verdict.counts.acknowledged;
    verdict.coverage = world_.coverage;
    for (const auto& agent : world_.agents)
        verdict.decisions += agent->decisions();
    return verdict;
}

// What this world would still wait for, had it been told that tape's plans; nullopt: it is not of
// that tape. A plan that is not there may have done something only once it waits no more; of one
// that is new nobody can say what it would have done.
std::optional<std::vector<Episode>> Course::waiting_under(const Tape& tape) const {
    if (!begin_alike(tape_, tape) || tape.faults_end < at()) return std::nullopt;
    const std::vector<Episode> timed = timed_in(tape);
    const auto begun = timed_.begin() + static_cast<std::ptrdiff_t>(begun_);
    if (timed.size() < begun_ || !std::equal(timed_.begin(), begun, timed.begin()))
        return std::nullopt;
    if (timed.size() > begun_ && timed[begun_].at < at()) return std::nullopt;
    std::vector<Episode> waiting = world_.faults.planned();
    const std::vector<Episode> planned = planned_in(tape);
    auto next = planned.begin();
    for (const Episode& episode : planned_in(tape_)) {
        if (next != planned.end() && *next == episode) {
            ++next;
            continue;
        }
        const auto found = std::find(waiting.begin(), waiting.end(), episode);
        if (found == waiting.end()) return std::nullopt;
        waiting.erase(found);
    }
    if (next != planned.end()) return std::nullopt;
    return waiting;
}

void Course::turn_to(const Tape& tape) {
    auto waiting = waiting_under(tape);
    QUORATE_REQUIRE(waiting.has_value());
    world_.faults.plan_only(std::move(*waiting));
    timed_ = timed_in(tape);
    tape_ = tape;
}

}  // namespace quorate::sim
