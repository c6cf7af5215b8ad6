// The closed result of a command. `unknown` is a real outcome: the core looks before it acts again.
#pragma once

#include <string>
#include <variant>

#include "core/base/ids.hpp"
#include "core/model/disk.hpp"
#include "core/model/members.hpp"

namespace quorate {

// Why the world refused a command. A value exists only when the core reacts to it (etcd facts 2.3).
enum class Refusal {
    precondition,        // what the command required was no longer so; nothing was done
    unhealthy_cluster,   // etcd's strict check on the asked member; again after 5 s, or elsewhere
    not_enough_started,  // etcd's started rule
    member_not_found,    // also for an id removed earlier: a removal is done
    member_exists,       // our own earlier add may have succeeded: look
    not_a_learner,       // already a voter
    learner_not_ready,   // not in sync with the leader, or never started
    too_many_learners,   // the learner slot is taken
    wrong_cluster,       // cluster id mismatch
    not_leader,
    bad_transferee,
    learner_unsupported,  // the asked member is a learner
    corrupt,              // CORRUPT alarm
    no_space,             // NOSPACE alarm or quota
    compacted,
    future_revision,
    too_many_requests,
    no_leader,      // transient, or no quorum
    not_reachable,  // nothing was sent
    conflict,       // the record or the lease moved on
    disk,           // a file could not be written or moved
    not_possible,   // the adapter cannot do this at all; the text says why
};

struct Done {
    bool operator==(const Done&) const = default;
};
struct Refused {
    Refusal refusal = Refusal::precondition;
    std::string text;  // as the world said it
    bool operator==(const Refused&) const = default;
};
struct Unknown {
    std::string text;
    bool operator==(const Unknown&) const = default;
};

}  // namespace quorate
