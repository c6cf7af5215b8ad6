#include "tools/quorate/crash.hpp"

#include <unistd.h>

#include <array>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "tools/quorate/commit.hpp"

namespace quorate::cli {
namespace {

// Written beforehand: whoever crashes may not even allocate.
thread_local std::array<char, 160> verdict{};

// A signal of the thread that broke.
extern "C" void tell_crash(int) {
    const ssize_t written = ::write(STDOUT_FILENO, verdict.data(), std::strlen(verdict.data()));
    ::_exit(written < 0 ? 1 : 12);
}

void install() {
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
        std::signal(signal, tell_crash);
}

}  // namespace

void expect_crash_of(std::uint64_t seed) {
    static std::once_flag once;
    std::call_once(once, install);
    std::snprintf(verdict.data(), verdict.size(), "FAIL crash CRASH seed=%" PRIu64 " commit=%s\n",
                  seed, commit());
}

}  // namespace quorate::cli
