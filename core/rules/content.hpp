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

// A majority of those that answered says who is wrong, but is no quorum without them: whoever is wrong
// cannot go (S1), and neither can anybody else.
bool the_right_are_no_quorum(const Facts& facts);

// Before anybody copies the members' content, or is removed for his silence, those that serve are
// compared (S14): they may differ, and then the silent one may hold the copy that decides.
bool content_is_to_compare(const State& state);

// The last comparison was made after the doubt arose.
bool judged_since_alarm(const State& state);

// All hashes agree, and yet etcd accuses this member: its data is replaced all the same, as the
// alarm cannot go while it is in use (S13, requirements C2).
bool is_accused_in_vain(const State& state, MemberId id);

// This agent can end the doubt: it runs beside the leader, where hashes are compared.
bool doubt_is_work(const State& state);

}  // namespace quorate
