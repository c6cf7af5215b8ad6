// The command line of etcd: what Quorate manages, and the person's extra arguments, which may not
// override it (requirements A3, etcd facts 4.2).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "adapters/host/agent.hpp"
#include "core/model/command.hpp"

namespace quorate::host {

std::vector<std::string> etcd_arguments(const AgentConfig& config, const Settings& settings,
                                        const StartEtcd& start);

// Refused, naming the flag, when one of them belongs to Quorate.
Result<void> check_extra_arguments(const std::vector<std::string>& extra);

// Names, peer and client URLs of every replica there may be.
Settings settings_of(const AgentConfig& config);

}  // namespace quorate::host
