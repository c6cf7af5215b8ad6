// The URLs etcd is asked at: scheme, host and port, nothing else. Anything more in a URL is a
// mistake in somebody's configuration and is refused instead of guessed at.
#pragma once

#include <string>
#include <string_view>

#include "adapters/base/result.hpp"

namespace quorate::etcd {

struct Url {
    bool tls = false;
    std::string host;  // an IPv6 address without its brackets
    std::string port;
    bool operator==(const Url&) const = default;
};

// Accepts http or https://HOST:PORT with an optional final slash.
Result<Url> parse_url(std::string_view text);

// HOST:PORT, with brackets where the host needs them.
std::string authority(const Url& url);

}  // namespace quorate::etcd
