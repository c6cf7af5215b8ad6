// Reads from the state what is true now for each machine, as one signal or none. All timing,
// freshness and in-flight questions are answered here; the tables only say what follows.
#pragma once

#include <optional>

#include "core/model/signals.hpp"
#include "core/model/state.hpp"

namespace quorate {

std::optional<ReplicaSignal> read_replica(const State& state);
std::optional<VolumeSignal> read_volume(const State& state);
std::optional<ProcessSignal> read_process(const State& state);
std::optional<MemberSignal> read_member(const State& state, MemberId member);
std::optional<ClusterSignal> read_cluster(const State& state);
std::optional<RepairSignal> read_repair(const State& state);
std::optional<AuthoritySignal> read_authority(const State& state);
std::optional<AlarmSignal> read_alarm(const State& state);
std::optional<SpaceSignal> read_space(const State& state);

}  // namespace quorate
