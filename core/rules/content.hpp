// Whether the members' content may be trusted: the CORRUPT alarm and the last comparison of hashes.
#pragma once

#include "core/model/state.hpp"

namespace quorate {

// etcd says so, or nobody can say whose content is right.
bool content_is_doubted(const Facts& facts);

// So many fresh learners in a row differ by no accident of theirs.
inline constexpr std::uint32_t learners_differed_most = 2;

// Nobody can say whose content is right: who joins now would copy what may be wrong, and make a
// majority of it.
bool content_is_undecided(const Facts& facts);

// Before anybody copies the members' content it is compared (S14).
bool admission_awaits_hashes(const State& state);

// The last comparison was made after the doubt arose.
bool judged_since_alarm(const State& state);

// All hashes agree, and yet etcd accuses this member: its data is replaced all the same, as the
// alarm cannot go while it is in use (S13, requirements C2).
bool is_accused_in_vain(const State& state, MemberId id);

// This agent can end the doubt: it runs beside the leader, where hashes are compared.
bool doubt_is_work(const State& state);

}  // namespace quorate
