// Questions that several machines ask of the same state: is etcd wanted here, is there work for an
// authority, when must the core wake by itself.
#pragma once

#include <optional>

#include "core/model/state.hpp"
#include "core/rules/membership_plan.hpp"
#include "core/rules/recovery_plan.hpp"

namespace quorate {

// etcd should run here: the volume is claimed, the record agrees, and nobody asked to stop. SIGTERM
// never removes a member; a replica that is not desired any more keeps its etcd until it is
// removed.
bool wants_etcd(const State& state);

// This replica is to be removed from the membership: more desired than zero, but not this one.
bool departing(const Facts& facts);

// One names the founders of a cluster that is not there yet: the lowest replica. The others would
// only add to the noise of conflicts.
bool may_name_founders(const State& state);

// Every member that the admission names has applied it. A joiner without data takes its id from the
// first peer that answers, whatever that one has applied (etcd facts 5: first answer wins, IDs from
// the answer); one that was cut off still names the member that was removed, and an empty volume
// would run under its id (S5). Only a linearizable read through each, begun after the admission was
// told, shows that none does.
bool admission_is_known(const State& state);

// The planner's view of a linearizable list; nullopt without one.
std::optional<PlanView> plan_view(const State& state);

// Something for an authority to do, as far as an agent without authority can tell.
bool work_is_visible(const State& state);

// How long a voter may be silent before it is given up (C1). One that is not desired any more is
// expected to end: waiting for it would use up the time in which the others are still there.
Span silence_limit(const Facts& facts, Ordinal ordinal);

// No member serves for longer than the limit, though the cluster was formed, or cannot form.
bool quorum_is_lost(const State& state);

// Rebuild plan of the record, once quorum is lost.
std::optional<RecoveryPlan> recovery_plan(const State& state);

// The next instant at which something becomes true by time alone; nullopt: never.
std::optional<Instant> next_wake(const State& state);

}  // namespace quorate
