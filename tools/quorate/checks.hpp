// Everything that can be wrong with an `up` before anything was made or started. Each refusal names
// the field, its value and the next step.
#pragma once

#include <cstdint>

#include "adapters/base/result.hpp"
#include "adapters/local/layout.hpp"
#include "tools/quorate/setup.hpp"

namespace quorate::cli {

Result<void> check_replicas(std::int64_t replicas);
Result<void> check_port_base(std::int64_t base);

// The directory is not there, empty, or a cluster of ours; and may be written.
Result<void> check_directory(const local::Layout& layout);

// The ports of one replica, or of so many, are free.
Result<void> check_ports_of(const Setup& setup, Ordinal ordinal);
Result<void> check_ports(const Setup& setup, std::uint32_t replicas);

// There is room for what new replicas preallocate.
Result<void> check_space(const local::Layout& layout, std::uint32_t replicas);

}  // namespace quorate::cli
