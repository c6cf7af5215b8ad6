// The desired replicas of a cluster on one machine: what a StatefulSet's spec is elsewhere.
#pragma once

#include <filesystem>
#include <optional>

#include "adapters/base/result.hpp"
#include "core/model/policy.hpp"

namespace quorate::local {

// nullopt: nobody has said yet.
Result<std::optional<Desired>> read_desired(const std::filesystem::path& path);
Result<void> write_desired(const std::filesystem::path& path, const Desired& desired);

}  // namespace quorate::local
