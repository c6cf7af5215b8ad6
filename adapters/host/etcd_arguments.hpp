// The command line of etcd: what Quorate manages, and the person's extra arguments, which may not
// override it (requirements A3, etcd facts 4.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "adapters/host/agent.hpp"
#include "core/model/command.hpp"

namespace quorate::host {

std::vector<std::string> etcd_arguments(const AgentConfig& config, const Settings& settings,
                                        const StartEtcd& start);

// --quota-backend-bytes as it was given last, the way etcd reads it: below 0 is no limit, 0 etcd's
// default. nullopt: it was not, or not as a number.
std::optional<std::int64_t> named_quota(const std::vector<std::string>& arguments);

// Refused, naming the flag, when one of them belongs to Quorate, or the quota is no number of
// bytes.
Result<void> check_extra_arguments(const std::vector<std::string>& extra);

// Names, peer and client URLs of every replica there may be.
Settings settings_of(const AgentConfig& config);

}  // namespace quorate::host
