// One picture of the cluster from what its agents say: first-hand news of an agent wins over what
// others saw from outside. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/base/ids.hpp"
#include "core/model/record.hpp"

namespace quorate::cli {

// What the files of the cluster say, whoever answers.
struct Known {
    std::optional<std::uint32_t> desired = {};
    std::optional<Ordinal> authority = {};
    std::optional<ClusterRecord> record = {};
    std::vector<Ordinal> agents = {};  // whose processes are noted as running
};

// Who holds authority, where no lease can be read and agents must be asked. Each knows at once when
// it takes or gives back its own; of somebody else's it saw what was so when it last wanted it. So
// what one says of another counts only while that other does not answer. nullopt: nobody, as far as
// they know.
std::optional<Ordinal> authority_in(const std::vector<nlohmann::json>& answers);

// `answers`: the Status of every agent that answered (adapters/host/status.hpp).
nlohmann::json merge(const Known& known, const std::vector<nlohmann::json>& answers);

}  // namespace quorate::cli
