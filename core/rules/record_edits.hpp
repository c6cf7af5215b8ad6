// Every change an agent makes to the cluster record, as pure functions from one document to the
// next. The revision is set by `proposed`, which also makes the compare-and-swap command.
#pragma once

#include "core/model/command.hpp"
#include "core/model/record.hpp"
#include "core/model/state.hpp"

namespace quorate {

// What a person does about a record that cannot be read. Agents take it for nobody's leave to
// write: somebody may be in the middle of mending it.
inline constexpr const char* unreadable_record_step =
    "move it away: agents that know the record write it again; or put a readable copy in its place";

// The command that swaps `next` for the record as it is known now.
WriteRecord proposed(const State& state, ClusterRecord next);

// The newest record that this agent ever knew, over the older one that is there now, or none.
WriteRecord put_back(const State& state);

// Gathering: this volume holds nothing. Creates the document when there is none.
ClusterRecord with_empty_volume(const Facts& facts);

// Gathering is over: the founders and their token are named.
ClusterRecord with_founders(const Facts& facts);

ClusterRecord with_announced(const Facts& facts, Nonce next);
ClusterRecord with_confirmed(const Facts& facts, Nonce nonce);

// What this replica's etcd says of itself: member id, cluster id, high-water mark; and that the
// cluster is formed once a linearizable read succeeded.
ClusterRecord with_own_truth(const State& state);

// The last word of an agent that stops etcd cleanly.
ClusterRecord with_final_mark(const Facts& facts);

ClusterRecord with_admission_asked(const Facts& facts, const std::string& reason);

// Under authority.
ClusterRecord with_admission(const Facts& facts, Ordinal ordinal, MemberId id);
ClusterRecord with_expelled(const Facts& facts, Ordinal ordinal);

// How far this volume reaches, as examined; nullopt: nothing can be rebuilt from it.
std::optional<LogPosition> surviving_position(const Facts& facts);
// Quorum lost: what this volume still holds, or that it holds nothing any more.
ClusterRecord with_survivor(const Facts& facts);
ClusterRecord with_rebuild(const Facts& facts, const Rebuild& rebuild);
// The order is taken back.
ClusterRecord without_rebuild(const Facts& facts);
// The survivor's disk was rebuilt: a new epoch with one founder.
ClusterRecord with_new_epoch(const Facts& facts);

// Is there anything in with_own_truth that the record does not say yet?
bool own_truth_is_untold(const State& state);

// "quorate-0=https://...": the founders, or the members of a list with the names of our replicas.
std::string initial_cluster(const Facts& facts, const std::vector<Ordinal>& founders);
std::string initial_cluster(const Facts& facts, const MemberList& list);

}  // namespace quorate
