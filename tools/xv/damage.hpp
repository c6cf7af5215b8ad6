// Damages the files of an etcd that does not run, as simulator.md 3.3 says.
#pragma once

#include <filesystem>
#include <string>

#include "adapters/base/result.hpp"
#include "sim/world/disk.hpp"

namespace quorate::xv {

// `value` is what the database holds of the key whose value is to change.
Result<void> damage_files(const std::filesystem::path& data, sim::Damage kind,
                          const std::string& value);

// Holes stay holes: a WAL is preallocated with 64 MB of zeros. What vanishes meanwhile is left out.
Result<void> copy_tree(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace quorate::xv
