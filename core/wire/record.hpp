// The cluster record as JSON, as it stands in a file or in the Kubernetes object. Written for
// people too: names as in the code, nothing left out because it is zero. 64-bit numbers are quoted,
// as proto3 JSON has them.
#pragma once

#include <optional>
#include <string>

#include "core/model/record.hpp"

namespace quorate::wire {

// A byte that is not UTF-8 becomes '?'.
std::string to_json(const ClusterRecord& record);

// Nothing, and why: not JSON, a field or value this release does not know, a replica named twice.
// A record that cannot be fully understood must not be rewritten.
std::optional<ClusterRecord> from_json(const std::string& text, std::string& why);

}  // namespace quorate::wire
