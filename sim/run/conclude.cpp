#include "sim/run/conclude.hpp"

#include <algorithm>

namespace quorate::sim {
namespace {

// One bad member after another, each with its limit, and room for elections (L2).
Span bound_of(const Policy& policy) {
    return (policy.unresponsive_after + policy.learner_stuck_after) * 4 + minutes(3);
}

// Three checks of the content fall into it: what they find was not over before.
Span hold_window(const Policy& policy) { return policy.hash_check_period * 3 + seconds(10); }

// Steady, and so for the whole window, in which nothing is destroyed any more.
bool settles(World& world, Span bound) {
    const Instant end = world.kernel.now + bound;
    while (world.kernel.now < end) {
        world.run_for(seconds(1));
        if (!world.oracles.found().empty()) return false;
        if (!world.steady()) continue;
        const std::uint64_t destroyed = world.destructive_commands;
        world.run_for(hold_window(world.config.policy));
        if (world.steady() && world.destructive_commands == destroyed) return true;
    }
    return false;
}

// A survivor beyond the desired replicas has no pod: the operator brings it back first, and reads
// the plan again, since what comes back may turn out to be no survivor.
bool approve(World& world) {
    world.run_for(seconds(30));
    for (auto survivor = world.best_survivor();
         survivor && survivor->value >= world.store.desired.replicas;
         survivor = world.best_survivor()) {
        world.scale(survivor->value + 1);
        world.run_for(seconds(30));
    }
    return world.approve_rebuild();
}

std::string listed(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts)
        all += (all.empty() ? "" : ", ") + text;
    return all;
}

}  // namespace

Conclusion conclude(World& world, Operator person) {
    world.end_faults();
    const Instant quiet = world.kernel.now;
    if (const auto left = world.faults.audit(); !left.empty())
        return {Ending::simulator_fault, "outlived the end of faults: " + listed(left), Span{}};
    if (world.store.desired.replicas == 0) world.scale(3);
    const Span bound = bound_of(world.config.policy);
    const bool recoverable = world.oracles.recoverable();
    bool settled = settles(world, bound);
    const auto after = [&] { return world.kernel.now - quiet; };
    if (settled) return {Ending::converged, "", after()};
    const auto parked = world.parked();
    std::string what;
    // Two clusters, each founded where nobody could know of the other: a person chooses.
    if (parked && world.oracles.founded_unheard_of()) return {Ending::parked, *parked, after()};
    if (parked && world.oracles.content_is_undecidable()) return {Ending::parked, *parked, after()};
    // A person's removal may leave a member that never heard of it (class operator, excuses L1).
    const bool left_by_hand = world.by_hand_at != Instant{} && !world.cluster.able_leader();
    if ((!recoverable || left_by_hand) && parked) {
        if (person == Operator::absent || world.cluster.able_leader() || !approve(world))
            return {Ending::parked, *parked, after()};
        settled = settles(world, bound);
        if (settled) return {Ending::converged, "rebuilt from the best survivor", after()};
        if (const auto again = world.parked(); again && !world.oracles.recoverable())
            return {Ending::parked, *again, after()};
        what = "after the approved rebuild: ";
    }
    what += world.why_not_steady() + (parked ? "; parked: " + *parked : "") +
            (recoverable ? "; recoverable" : "; not recoverable") + ", last voters " +
            world.oracles.voters_text();
    return {Ending::did_not_settle, what, after()};
}

}  // namespace quorate::sim
