// Whether the members' content may be trusted: the CORRUPT alarm and the last comparison of hashes.
#pragma once

#include "core/model/state.hpp"

namespace quorate {

// etcd says so, or hashes differ and no majority tells whose are right.
bool content_is_doubted(const Facts& facts);

// The last comparison was made after the doubt arose.
bool judged_since_alarm(const State& state);

// All hashes agree, and yet etcd accuses this member: its data is replaced all the same, as the
// alarm cannot go while it is in use (S13, requirements C2).
bool is_accused_in_vain(const State& state, MemberId id);

// This agent can end the doubt: it runs beside the leader, where hashes are compared.
bool doubt_is_work(const State& state);

}  // namespace quorate
