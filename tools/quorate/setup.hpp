// What `quorate up` settled for this directory and every agent of it needs: cluster/setup.json.
// Agents read nothing else, so that all of them run with the same settings until the next `up`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>

#include "adapters/base/result.hpp"
#include "adapters/host/settings.hpp"

namespace quorate::cli {

struct Setup {
    std::filesystem::path etcd;  // absolute
    // Replicas that run another one, in the middle of an upgrade.
    std::map<std::uint32_t, std::filesystem::path> etcd_of;
    bool tls = true;
    std::uint16_t port_base = 2379;
    host::Choices choices;
};

// What this replica runs.
const std::filesystem::path& etcd_of(const Setup& setup, Ordinal ordinal);

// nullopt: `up` was never called here.
Result<std::optional<Setup>> read_setup(const std::filesystem::path& file);
Result<void> write_setup(const std::filesystem::path& file, const Setup& setup);

}  // namespace quorate::cli
