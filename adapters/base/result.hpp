// What every adapter function returns: a value, or a Failure that names the cause and the place.
// None of our code throws; an exception of a library is caught in the adapter function that calls
// the library.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace quorate {

// How a call ended when it did not end well. `unknown`: it may have happened; look before acting.
enum class FailureKind { refused, unavailable, unknown };

struct Failure {
    FailureKind kind = FailureKind::refused;
    std::string what;   // one line for a person: cause, and the next step where there is one
    std::string where;  // file, URL or call it happened at
};

// tl::expected is not [[nodiscard]]; a dropped error would be silent.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Failure> {
  public:
    using tl::expected<T, Failure>::expected;
};

inline tl::unexpected<Failure> refused(std::string what, std::string where) {
    return tl::unexpected<Failure>(
        Failure{FailureKind::refused, std::move(what), std::move(where)});
}
inline tl::unexpected<Failure> unavailable(std::string what, std::string where) {
    return tl::unexpected<Failure>(
        Failure{FailureKind::unavailable, std::move(what), std::move(where)});
}
inline tl::unexpected<Failure> unknown(std::string what, std::string where) {
    return tl::unexpected<Failure>(
        Failure{FailureKind::unknown, std::move(what), std::move(where)});
}

}  // namespace quorate
