// How surely something is known, from where, and since when (S12). Commands that destroy something
// name what they need to know how surely (core/rules/needs.hpp); everybody else may act on a hint.
#pragma once

#include "core/model/state.hpp"

namespace quorate {

enum class Subject : std::uint8_t {
    members,  // who is in the member list
    content,  // whose data is right, of voters or of the learner in hand
    volume,   // what this replica's volume holds
    record,   // the cluster record
};

// Weakest first. What is stronger may stand in for what is weaker.
enum class Strength : std::uint8_t {
    unknown,           // not known in this life, or overtaken without anything newer
    cached,            // told once, and may have changed since
    own_etcd,          // the word of this replica's etcd, from its own state
    own_disk,          // read from this volume while nothing runs on it
    quorum_confirmed,  // said by a majority of voters, or by the one leader they have, of one
                       // revision
    linearizable,      // answered by a quorum after it was asked, and nothing overtook it
};

struct Evidence {
    Strength strength = Strength::unknown;
    Instant at;  // when it was learned; zero: unknown
    bool operator==(const Evidence&) const = default;
};

Evidence evidence_of(const State& state, Subject subject);

const char* name_of(Subject subject);
const char* name_of(Strength strength);

}  // namespace quorate
