#include "tests/contract/disk/witness.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>

namespace {

std::vector<std::string>& calls() {
    static std::vector<std::string> noted;
    return noted;
}

}  // namespace

extern "C" int fsync(int descriptor) {
    std::error_code ignored;
    const auto link = "/proc/self/fd/" + std::to_string(descriptor);
    calls().push_back("fsync " + std::filesystem::read_symlink(link, ignored).string());
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int rename(const char* from, const char* to) noexcept {
    calls().push_back(std::string("rename ") + from + " " + to);
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

namespace quorate::disk {

std::vector<std::string> witnessed() { return std::exchange(calls(), {}); }

}  // namespace quorate::disk
