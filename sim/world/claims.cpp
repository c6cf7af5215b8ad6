// Claims to volumes, and what keeps a pod from being made: a claim without a volume, one that ends
// and cannot, a volume attached elsewhere, an image that cannot be pulled, a drained node.
#include <algorithm>
#include <utility>

#include "sim/world/world.hpp"

namespace quorate::sim {

// The controller makes the claim with its pod; the pod is scheduled when the volume is there.
bool World::may_be_made(std::uint8_t o) {
    bind(o);
    const auto kept_by = [&](Fault fault) {
        faults.felt(fault);
        return false;
    };
    if (claims[o].terminating) return kept_by(Fault::stuck_claim);
    if (!claims[o].usable()) return kept_by(Fault::unbound);
    if (host.attached[o]) return kept_by(Fault::multi_attach);
    if (host.no_image[o]) return kept_by(Fault::no_image);
    if (host.drained[o]) return kept_by(Fault::drain);
    return true;
}

void World::bind(std::uint8_t o) {
    Claim& claim = claims[o];
    if (claim.phase == Claim::Phase::absent) claim = Claim{Claim::Phase::pending, false};
    if (claim.phase == Claim::Phase::pending && !host.unbound[o]) claim.phase = Claim::Phase::bound;
}

// Its volume is released, and reclaimed.
void World::finish_claim(std::uint8_t o) {
    if (claims[o].phase == Claim::Phase::bound) {
        faults.strikes_late(Fault::delete_claim);
        lose_volume(o);
    }
    claims[o].phase = Claim::Phase::pending;
    if (!host.stuck[o]) claims[o] = Claim{};
}

void World::lose_volume(std::uint8_t o) {
    if (pods[o].shadowed) agents[o]->die();
    oracles.losing(o);
    set_journal_aside(o);
    volumes[o] = Volume{};
    volumes[o].journal.owner = o;
}

bool World::delete_claim(std::uint8_t o) {
    if (claims[o].phase == Claim::Phase::absent || claims[o].terminating) return false;
    claims[o].terminating = true;
    if (pods[o].phase == Pod::Phase::absent) finish_claim(o);
    return true;
}

bool World::strip_claim(std::uint8_t o) {
    if (claims[o].phase == Claim::Phase::absent) return false;
    claims[o].terminating = true;
    agents[o]->die();
    if (claims[o].terminating) pod_is_gone(o);
    return true;
}

void World::finish_deletions() {
    for (std::uint8_t o = 0; o < size; ++o)
        if (claims[o].terminating) strip_claim(o);
}

bool World::lose_node(std::uint8_t o) {
    if (pods[o].phase != Pod::Phase::running) return false;
    agents[o]->die();
    pod_is_gone(o);
    return true;
}

// The pod is gone by name, and its process is not.
bool World::force_delete(std::uint8_t o) {
    Pod& pod = pods[o];
    if (pod.phase != Pod::Phase::running || !agents[o]->alive() || pod.shadowed) return false;
    pod.shadowed = true;
    ++pod.incarnation;
    pod.phase = Pod::Phase::absent;
    pod.restarts = 0;
    if (claims[o].terminating) finish_claim(o);
    return true;
}

bool World::set_retention(Retention now) { return std::exchange(retention_, now) != now; }

void World::trouble_host(const HostTrouble& trouble) {
    const HostTrouble before = std::exchange(host, trouble);
    for (std::uint8_t o = 0; o < size; ++o) {
        if (pods[o].shadowed && !trouble.shadowed[o]) agents[o]->die();
        if (before.stuck[o] && !trouble.stuck[o] && pods[o].phase == Pod::Phase::absent &&
            claims[o].terminating)
            finish_claim(o);
    }
    if (!trouble.rolling) rollout_ = 0;
    if (before.no_set != trouble.no_set) store_changed();
}

}  // namespace quorate::sim
