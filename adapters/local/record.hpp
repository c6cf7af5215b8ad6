// The cluster record of a cluster on one machine: one JSON file, swapped under a lock.
#pragma once

#include <filesystem>
#include <optional>

#include "adapters/base/result.hpp"
#include "adapters/base/store.hpp"
#include "core/model/command.hpp"
#include "core/model/record.hpp"

namespace quorate::local {

// nullopt: there is none. A Failure says why it cannot be read.
Result<std::optional<ClusterRecord>> read_record(const std::filesystem::path& path);

// Compare-and-swap on the revision; a fence that was overtaken is a conflict too.
Result<Swapped> swap_record(const std::filesystem::path& path,
                            const std::filesystem::path& lease_path, const WriteRecord& write);

}  // namespace quorate::local
