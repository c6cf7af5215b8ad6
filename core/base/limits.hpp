// Every bound of the core, with its arithmetic. Exceeding one is a defined event, never a surprise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/instant.hpp"

namespace quorate::limits {

// etcd recommends at most 7 voters; 9 leaves room for a replica being replaced and a stray member.
inline constexpr std::uint32_t replicas_max = 9;

// One event moves each of six machines a few phases; more rounds mean two rules undo each other.
inline constexpr int turns_per_event_max = 64;

// At most: one per kind of command, and one per replica for hashes. 22 kinds + 9.
inline constexpr std::size_t in_flight_max = 32;

// An adapter answers `unknown` at the deadline; this much later the core stops waiting by itself.
inline constexpr Span outcome_grace = seconds(5);

// A line of etcd's log in a decision: enough for message and error of a JSON line, and a record of
// the journal stays well below a page.
inline constexpr std::size_t detail_max = 240;

}  // namespace quorate::limits
