// Which process it was: a pid alone may belong to another process by now; together with the start
// time (clock ticks since boot) and the boot it is unique.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "adapters/base/result.hpp"

namespace quorate::process {

struct ProcessIdentity {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
    std::string boot_id;
    bool operator==(const ProcessIdentity&) const = default;
};

// Nothing: there is no such process.
std::optional<ProcessIdentity> identify(pid_t pid);

Result<void> write_pid_file(const std::filesystem::path& file, const ProcessIdentity& process);

// Nothing: no file, or not one of ours.
std::optional<ProcessIdentity> read_pid_file(const std::filesystem::path& file);

}  // namespace quorate::process
