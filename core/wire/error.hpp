// Why bytes could not be read as what they should be.
#pragma once

#include <string>

namespace quorate::wire {

struct WireError {
    std::string what;
    bool operator==(const WireError&) const = default;
};

}  // namespace quorate::wire
