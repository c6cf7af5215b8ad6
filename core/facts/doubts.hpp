// What agents tell each other of the members' content (S14). Hashes are compared by one agent, the
// one beside etcd's leader; whoever differs serves on under another. What is told is a hint: it
// takes readiness away, and nobody is removed by it.
//
// The later comparison counts, whoever made it. One may be told long after a later one was: so each
// is told with its age.
#pragma once

#include <optional>

#include "core/model/state.hpp"

namespace quorate {

// Whom this agent's own comparisons doubt: by the last, or by one before that they did not answer
// since. Whom another agent found to agree, later than that, is in doubt no more.
std::vector<MemberId> doubted(const Facts& facts);

// What this agent's own last comparison tells the others; nullopt: nothing that counts.
std::optional<ContentFound> own_finding(const State& state, Instant now);

// Takes what a peer told of the content into what is known of that peer. Who tells nothing, having
// begun a new life or seen the voters change, takes nothing back: the next comparison does, and
// only of a member that answered it.
void hear_finding(const Facts& facts, PeerFact& known, const std::optional<ContentFound>& told,
                  Instant now);

// Who slept, or did not run, has heard nobody, which is no peer's silence.
void keep_findings(Facts& facts, Instant absent_from, Instant absent_until);

// By what peers tell this member's content is in doubt. None that fell silent is believed for ever.
bool peers_doubt(const State& state, MemberId id);

}  // namespace quorate
