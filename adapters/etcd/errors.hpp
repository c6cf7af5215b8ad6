// What etcd's error answers mean. The text decides first: two of etcd's codes are lost on the way
// (etcd facts 2.3), and one code stands for "try again" as well as for "may have happened". What
// no row knows is Unknown, and the core looks before it acts again.
#pragma once

#include <string_view>
#include <variant>

#include "core/model/outcome.hpp"

namespace quorate::etcd {

// The answer to a call: its payload, a definite no, or nobody knows.
template <class T>
using Answer = std::variant<T, Refused, Unknown>;

using NotDone = std::variant<Refused, Unknown>;

// The gRPC codes that carry a meaning where the text carries none.
inline constexpr int code_unimplemented = 12;
inline constexpr int code_unavailable = 14;

// `code` is a gRPC status code other than OK; 0 for a text that came over HTTP.
NotDone classify(int code, std::string_view text);

template <class T>
Answer<T> not_done(NotDone why) {
    return std::visit([](auto&& reason) -> Answer<T> { return std::move(reason); }, std::move(why));
}

}  // namespace quorate::etcd
