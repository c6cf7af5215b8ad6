// Peers' memory: what agents keep of each other's volumes, and what is held against a volume before
// its etcd starts (S5). The record's high-water mark is minutes old; a peer's memory is a second
// old and lives as long as one agent that runs, or its journal.
#pragma once

#include <optional>
#include <vector>

#include "core/model/state.hpp"

namespace quorate {

// Takes what was told into what is known: within one identity nothing is ever taken back, and a
// later epoch or another member id replaces. What names no member tells nothing.
void remember(Remembered& known, const Remembered& told);

// What this agent may tell of its own replica, by its etcd's newest answer: only what runs under
// the identity that the record gives it, and only what is synced. Never what a disk says that
// nothing has run on yet: it may be rolled back, swapped or cloned.
Remembered own_report(const Facts& facts, const MemberStatus& status);

// The most that another agent remembers of the identity that this volume is to continue.
struct Hearsay {
    Ordinal by;
    Remembered what;
};
std::optional<Hearsay> remembered_of_self(const Facts& facts);

// A record that an earlier life of this agent, or the last start on its volume, knew: starts since
// are not in it. Whose first one it does not have may have run, so that an empty volume there is no
// unused one. Founders have not while this log ends with what they bootstrapped from, an entry for
// each; what comes after is a leader's, and a quorum of them elected it.
ClusterRecord with_starts_since(ClusterRecord record, const Facts& facts);

// Those that may remember and were not heard in this life of the agent. What they remember of this
// replica cannot have grown since: its etcd runs only under this agent.
std::vector<Ordinal> unheard_peers(const Facts& facts);

// The cluster that this agent knows to be founded: by its record, or by data of it on this volume.
// Before both were looked at it may be the one that it last told of.
Lineage founded_cluster(const Facts& facts, const Lineage& last_told);

// Whether there is anything to tell yet.
bool knows_what_to_tell(const Facts& facts, const Lineage& last_told);

// Who else runs and knows of a cluster, while the record knows of none that was founded (S3).
std::optional<Ordinal> knows_a_cluster(const Facts& facts);

// All that may run were heard in this life of the agent, or had `peers_wait` to answer.
bool all_are_heard(const Facts& facts, Instant now);

// Nobody is left to wait for before etcd starts: nothing can have run under this identity, or
// all were heard. Then the record alone decides, so that replicas that
// start together, or alone, never wait for each other.
bool peers_are_heard(const State& state);

}  // namespace quorate
