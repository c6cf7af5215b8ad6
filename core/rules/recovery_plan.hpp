// What may be done after a majority is gone (S7, requirements D2, D3, I4): the best survivor by
// (term, index), what may be lost, and a token that binds an approval to exactly this plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/model/policy.hpp"
#include "core/model/record.hpp"

namespace quorate {

struct Survivor {
    Ordinal ordinal;
    LogPosition position;
    bool operator==(const Survivor&) const = default;
};

struct RecoveryPlan {
    std::vector<Survivor> survivors;  // best first: highest position, then lowest ordinal
    std::vector<Ordinal> silent;      // members whose replicas have told nothing
    std::vector<Ordinal> gone;        // members whose volumes are lost
    bool may_lose = true;             // false: high-water marks show that the best holds everything
    LogIndex bump;                    // how far the revision is raised
    std::string token;                // of all above but the bump, of the lineage and of the epoch
    bool operator==(const RecoveryPlan&) const = default;
};

// nullopt: there is no survivor to rebuild from.
std::optional<RecoveryPlan> plan_recovery(const ClusterRecord& record);

// The best survivor's replica is not among the desired ones: nothing runs there that could rebuild,
// and another choice would lose writes. A person raises the number first.
bool survivor_is_scaled_away(const RecoveryPlan& plan, const Desired& desired);

// A rebuild that nobody has to approve: the desired replicas say so (only the best survivor is
// still wanted), and nothing can be lost.
bool rebuild_is_free(const RecoveryPlan& plan, const Desired& desired);

}  // namespace quorate
