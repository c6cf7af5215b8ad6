// One event and the core's answer to it, in words: what `explain`, the live view and the API pass
// around.
#pragma once

#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/instant.hpp"

namespace quorate::api {

struct Explained {
    EventSeq seq;
    Instant at;
    std::string observation;
    std::vector<std::string> rules;
    std::string reason;  // empty: nothing was decided
    std::vector<std::string> commands;
    bool operator==(const Explained&) const = default;
};

}  // namespace quorate::api
