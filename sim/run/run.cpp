#include "sim/run/run.hpp"

#include <chrono>
#include <cinttypes>
#include <cstdio>

#include "sim/faults/faults.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

constexpr Version versions[] = {{3, 5, 23}, {3, 5, 35}, {3, 6, 10}, {3, 6, 16}, {3, 7, 3}};

std::uint64_t pick(std::uint64_t seed, std::uint64_t lane, std::uint64_t bound) {
    return mix(scramble(seed), lane) % bound;
}

Config config_of(const RunOptions& options) {
    static constexpr std::uint32_t sizes[] = {3, 1, 3, 5, 3, 2, 3, 4};
    Config config;
    config.seed = options.seed;
    config.trace = options.trace;
    config.desired.replicas =
        options.replicas != 0 ? options.replicas : sizes[pick(options.seed, 1, std::size(sizes))];
    config.desired.policy =
        pick(options.seed, 2, 3) == 0 ? PodManagement::ordered : PodManagement::parallel;
    config.version = versions[pick(options.seed, 3, std::size(versions))];
    if (pick(options.seed, 4, 4) != 0) config.policy = quick_policy();
    config.volumes = pick(options.seed, 5, 4) == 0 ? Retention::on_scale_delete : Retention::retain;
    return config;
}

// One bad member after another, each with its limit, and room for elections (L2).
Span bound_of(const Policy& policy) {
    return (policy.unresponsive_after + policy.learner_stuck_after) * 4 + minutes(3);
}

// True once the world is steady and stays so for the hold window.
bool settles(World& world, Span bound) {
    const Instant end = world.kernel.now + bound;
    while (world.kernel.now < end) {
        world.run_for(seconds(1));
        if (!world.steady()) continue;
        world.run_for(seconds(10));
        if (world.steady()) return true;
    }
    return false;
}

void conclude(World& world, RunVerdict& verdict) {
    const Instant quiet = world.kernel.now;
    const Span bound = bound_of(world.config.policy);
    if (const std::string fault = world.active_fault(); !fault.empty()) {
        verdict.ending = Ending::simulator_fault;
        verdict.what = "a fault outlived the end of faults: " + fault;
        return;
    }
    if (world.store.desired.replicas == 0) world.scale(3);
    const bool recoverable = world.oracles.recoverable();
    bool settled = settles(world, bound);
    verdict.settled_after = world.kernel.now - quiet;
    if (settled) return;
    const auto parked = world.parked();
    if (!recoverable && parked) {
        verdict.ending = Ending::parked;
        verdict.what = *parked;
        // Half of them get the operator's word, and must then be as desired.
        if (pick(world.config.seed, 6, 2) == 0 || world.cluster.able_leader()) return;
        // A survivor beyond the desired replicas has no pod: the operator brings it back first, and
        // reads the plan again, since what comes back may turn out to be no survivor.
        world.run_for(seconds(30));
        for (auto survivor = world.best_survivor();
             survivor && survivor->value >= world.store.desired.replicas;
             survivor = world.best_survivor()) {
            world.scale(survivor->value + 1);
            world.run_for(seconds(30));
        }
        if (!world.approve_rebuild()) return;
        settled = settles(world, bound);
        if (settled) {
            verdict.ending = Ending::converged;
            verdict.what = "rebuilt from the best survivor";
            return;
        }
        verdict.what = "after the approved rebuild: ";
    }
    verdict.ending = Ending::did_not_settle;
    verdict.what += world.why_not_steady() + (parked ? "; parked: " + *parked : "") +
                    (recoverable ? "; recoverable" : "; not recoverable") + ", last voters " +
                    world.oracles.voters_text();
}

const char* name_of(Ending ending) {
    switch (ending) {
        case Ending::converged:
            return "PASS converged";
        case Ending::parked:
            return "PASS parked";
        case Ending::broke_safety:
            return "FAIL safety";
        case Ending::did_not_settle:
            return "FAIL liveness";
        case Ending::simulator_fault:
            return "FAIL simulator";
    }
    return "?";
}

}  // namespace

int RunVerdict::exit_code() const {
    switch (ending) {
        case Ending::converged:
        case Ending::parked:
            return 0;
        case Ending::broke_safety:
            return 10;
        case Ending::did_not_settle:
            return 11;
        case Ending::simulator_fault:
            return 14;
    }
    return 14;
}

RunVerdict run_seed(const RunOptions& options) {
    RunVerdict verdict;
    verdict.seed = options.seed;
    World world(config_of(options));
    Swarm swarm(world);
    verdict.kinds = swarm.live_kinds();
    const Instant faults_end = Instant{} + Span{options.until.us * 6 / 10};
    world.run_for(Span{options.until.us / 15});
    while (world.kernel.now < faults_end) {
        swarm.act();
        world.run_for(swarm.next_gap());
    }
    world.end_faults();
    conclude(world, verdict);
    world.oracles.finish();
    verdict.violations = world.oracles.found();
    if (!verdict.violations.empty()) {
        verdict.ending = Ending::broke_safety;
        verdict.what = verdict.violations.front().id + ": " + verdict.violations.front().what;
    }
    verdict.digest = world.kernel.digest;
    verdict.events = world.kernel.events;
    verdict.faults = swarm.injected();
    verdict.virtual_time = world.kernel.now - Instant{};
    verdict.counts = world.oracles.counts();
    verdict.acknowledged = verdict.counts.acknowledged;
    for (const auto& agent : world.agents)
        verdict.decisions += agent->decisions();
    return verdict;
}

std::string text_of(const RunVerdict& verdict) {
    char line[256];
    std::snprintf(line, sizeof line,
                  "%s seed=%" PRIu64 " digest=%016" PRIx64 " events=%" PRIu64
                  " virtual=%.0fs faults=%" PRIu64 " writes=%" PRIu64 " settled=%.0fs",
                  name_of(verdict.ending), verdict.seed, verdict.digest, verdict.events,
                  static_cast<double>(verdict.virtual_time.us) / 1e6, verdict.faults,
                  verdict.acknowledged, static_cast<double>(verdict.settled_after.us) / 1e6);
    std::string text = line;
    if (!verdict.what.empty()) text += " : " + verdict.what;
    for (const Violation& violation : verdict.violations)
        text += "\n  " + violation.id + " " + violation.what;
    return text;
}

int sim_run(const RunOptions& options) {
    // The only clock in sim: it says how fast a life ran, never what happened in it.
    const auto begin = std::chrono::steady_clock::now();
    const RunVerdict verdict = run_seed(options);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("%s\n%.0f events/s\n", text_of(verdict).c_str(),
                static_cast<double>(verdict.events) / took.count());
    return verdict.exit_code();
}

int sim_check_determinism(const RunOptions& options) {
    const RunVerdict first = run_seed(options);
    const RunVerdict second = run_seed(options);
    if (first.digest == second.digest) {
        std::printf("%s\n", text_of(first).c_str());
        return first.exit_code();
    }
    std::printf("FAIL nondeterminism seed=%" PRIu64 " digests %016" PRIx64 " and %016" PRIx64 "\n",
                options.seed, first.digest, second.digest);
    return 13;
}

}  // namespace quorate::sim
