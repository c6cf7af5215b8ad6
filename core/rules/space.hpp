// How full the members' databases are, and what may be done about it (S13, etcd facts 9).
#pragma once

#include "core/model/state.hpp"

namespace quorate {

// Some member raised NOSPACE, and nobody disarmed it.
bool space_is_short(const Facts& facts);

// Every member's file, or what defragmentation would leave of it, takes at most 80 % of the quota.
bool files_have_room(const Facts& facts);
bool pages_have_room(const Facts& facts);

// This agent can make room: it runs beside the leader, or has begun.
bool space_is_work(const State& state);

}  // namespace quorate
