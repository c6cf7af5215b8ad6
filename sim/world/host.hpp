// What the host makes for each replica: a pod, and the claim to its volume, which outlives pods
// (simulator.md 3.2, E2 to E4). And what faults do to the host while they last.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/instant.hpp"
#include "core/base/limits.hpp"

namespace quorate::sim {

struct Pod {
    enum class Phase : std::uint8_t { absent, starting, running, terminating, waiting };
    Phase phase = Phase::absent;
    std::uint64_t incarnation = 0;
    std::uint32_t restarts = 0;
    Instant started_at;
    Instant killed_at;  // terminating: the end of its grace
    bool held = false;  // its node is away: it is not started
    bool ran = false;   // what starts now has run before: a container of it, not a new pod
    // It was deleted by force, and its process lives on: the lock beside the volume
    // (adapters/local, FileLock) keeps the next one of that name from doing anything.
    bool shadowed = false;
};

// pvc-protection: a claim that is deleted stays, terminating, as long as a pod uses it.
struct Claim {
    enum class Phase : std::uint8_t { absent, pending, bound };
    Phase phase = Phase::absent;
    bool terminating = false;
    bool usable() const { return phase == Phase::bound && !terminating; }
};

// Nothing is wrong with a default one.
struct HostTrouble {
    using Each = std::array<bool, limits::replicas_max>;
    Each unbound{};   // no volume is found for a new claim
    Each stuck{};     // a finalizer of others keeps a claim that ends
    Each attached{};  // the volume is still attached to a node that is away
    Each no_image{};  // a new pod's image cannot be pulled
    Each drained{};   // its node takes no new pod, and asks for this one to go
    Each shadowed{};  // what was deleted by force still lives
    std::array<std::optional<bool>, limits::replicas_max> readiness{};  // what its probe says
    bool no_set = false;   // the StatefulSet is deleted, its pods are orphans
    bool rolling = false;  // each pod is made anew, the highest first
    bool operator==(const HostTrouble&) const = default;
};

}  // namespace quorate::sim
