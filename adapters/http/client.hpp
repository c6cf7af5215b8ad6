// One page of another agent (adapters/http/server.hpp), over plain HTTP.
#pragma once

#include <cstdint>
#include <string>

#include "adapters/base/result.hpp"
#include "core/base/instant.hpp"

namespace quorate::http {

struct Address {
    std::string host;  // a name or a number
    std::uint16_t port = 0;
    std::string path;
};

// Its body. Unavailable: nobody answered in time, or with another status than 200. A resolver that
// does not answer may hold this up beyond the deadline.
Result<std::string> get(const Address& address, Span deadline);

}  // namespace quorate::http
