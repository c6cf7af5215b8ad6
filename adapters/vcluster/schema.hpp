// The schema of what Quorate owns in vcluster.yaml, and what a document breaks of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/vcluster/document.hpp"

namespace quorate::vcluster {

// deploy/chart/values.schema.json, byte by byte.
std::string_view schema_text();

struct Problem {
    Path path;
    std::string what;  // value, and what to write instead
};

// The first there is: unknown keys before wrong values, since the one often explains the other.
std::optional<Problem> problem_in(const Document& document);

}  // namespace quorate::vcluster
