// Programmer errors. `require` stays on in release builds: an agent that no longer knows what is
// true must stop, and its journal shows the event it stopped at. The message names the condition.
#pragma once

namespace quorate {

// Prints the condition and its place to stderr and aborts.
[[noreturn]] void require_failed(const char* condition, const char* file, int line);

}  // namespace quorate

#define QUORATE_REQUIRE(condition)                       \
    (static_cast<bool>(condition) ? static_cast<void>(0) \
                                  : ::quorate::require_failed(#condition, __FILE__, __LINE__))
