// NAME-ORDINAL: what a StatefulSet calls its pods, and agents their journals.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.hpp"

namespace quorate {

struct ReplicaName {
    std::string set;
    Ordinal ordinal;  // any number: what is too large is for the reader to say
};

inline std::optional<ReplicaName> parse_replica_name(std::string_view name) {
    const std::size_t dash = name.rfind('-');
    if (dash == std::string_view::npos || dash == 0) return std::nullopt;
    std::uint32_t number = 0;
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + dash + 1, end, number);
    if (error != std::errc() || rest != end) return std::nullopt;
    return ReplicaName{std::string(name.substr(0, dash)), Ordinal{number}};
}

}  // namespace quorate
