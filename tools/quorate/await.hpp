// Waiting for a state of the whole cluster; shared by `wait` and `scale --wait`.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "adapters/local/layout.hpp"
#include "core/base/instant.hpp"
#include "tools/quorate/exit.hpp"

namespace quorate::cli {

struct Awaited {
    std::string state;  // steady, quorum-lost, parked, paused
    std::optional<std::uint32_t> replicas;
};

bool has_come(const Awaited& awaited, const nlohmann::json& status);

// Ends with ok, timed_out (or refused when it is parked instead), or unreachable when the `up` of
// the directory has ended.
Exit await(const local::Layout& layout, const Awaited& awaited, Span timeout);

}  // namespace quorate::cli
