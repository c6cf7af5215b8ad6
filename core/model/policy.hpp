// Everything a person may set, with its default. Times that only tests shorten are here too: the
// core has no constants of time of its own.
#pragma once

#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/instant.hpp"

namespace quorate {

struct Policy {
    Span probe_period = seconds(1);        // how often a replica's client port is asked
    Span heartbeat_period = seconds(30);   // an unchanged answer is still told this often
    Span unresponsive_after = minutes(2);  // requirements C1
    Span stability_window = seconds(5);    // etcd's HealthInterval: asked again after a refusal
    Span restart_backoff_min = milliseconds(200);  // first wait before etcd is started again
    Span restart_backoff_max = seconds(30);
    Span retry_period = milliseconds(500);     // a refused or unknown command is looked at again
    Span catch_up_period = milliseconds(100);  // how often a learner's content is compared
    Span learner_stuck_after = minutes(2);     // a learner without progress gives up the only slot
    Span quorum_lost_after = seconds(30);      // no linearizable read anywhere for so long
    Span survivors_wait = seconds(10);    // better survivors may return before the cluster parks
    Span hash_check_period = minutes(1);  // voters' content compared at one revision
    Span high_water_period = minutes(1);  // how stale the recorded high-water mark may be
    Span authority_ttl = seconds(10);     // a lease not renewed for so long is free
    Span authority_stagger = seconds(2);  // head start of the agent beside etcd's leader
    Span command_deadline = seconds(10);
    Span stop_grace = seconds(10);  // from SIGTERM to SIGKILL of etcd
    // How long a start waits for what other agents remember of this volume. 0: none is asked, as
    // in the journals of the releases that could not; every agent is given the default below.
    Span peers_wait;
    // Each start leaves a copy of the record on its volume. No: as in the journals of the releases
    // that left none.
    bool record_copies = false;
    bool operator==(const Policy&) const = default;
};

// One attempt that hangs until its deadline (1 s), the pause before the next (at most 1 s), and
// that one's answer (1 s).
inline constexpr Span peers_wait_default = seconds(3);
// What agents are given where nobody set anything. The values above are those of release 0.1.0: the
// digests of its journals count a setting that differs from them.
inline Policy default_policy() {
    Policy policy;
    policy.peers_wait = peers_wait_default;
    policy.record_copies = true;
    // Peers remember the last second; the record has to outlive only the loss of all agents at
    // once.
    policy.high_water_period = minutes(5);
    return policy;
}

struct ReplicaAddress {
    std::string name;  // also the member's name
    std::string peer_url;
    std::string client_url;
    bool operator==(const ReplicaAddress&) const = default;
};

// What an agent is told at its start and never asks for again.
struct Settings {
    Ordinal self;
    std::vector<ReplicaAddress> addresses;  // index = ordinal
    Version etcd_version;
    Policy policy;
    Bytes quota;  // of the database, as etcd is started with; 0: etcd's default
    bool operator==(const Settings&) const = default;
};

// etcd v3.6 quota.go DefaultQuotaBytes.
inline constexpr Bytes default_quota{2ULL << 30};
inline Bytes quota_of(const Settings& settings) {
    return settings.quota.value == 0 ? default_quota : settings.quota;
}

// StatefulSet's podManagementPolicy.
enum class PodManagement { ordered, parallel };

struct Desired {
    std::uint32_t replicas = 0;  // 0: paused, nothing is removed (requirements B5)
    PodManagement policy = PodManagement::parallel;
    bool operator==(const Desired&) const = default;
};

}  // namespace quorate
