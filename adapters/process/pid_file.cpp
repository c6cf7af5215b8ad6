#include "adapters/process/pid_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "adapters/base/rest_of.hpp"

namespace quorate::process {
namespace {

constexpr int kStartTimeField = 22;  // of /proc/PID/stat, counted from 1 (proc(5))
constexpr int kStateField = 3;       // the first one after the name

std::string boot_id() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(in, id);
    return id;
}

// The name in field 2 may contain spaces and parentheses; the last ')' ends it.
std::optional<std::uint64_t> start_ticks(const std::string& stat) {
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(stat.substr(name_end + 1));
    std::string skipped;
    for (int field = kStateField; field < kStartTimeField; ++field)
        fields >> skipped;
    std::uint64_t ticks = 0;
    if (!(fields >> ticks)) return std::nullopt;
    return ticks;
}

tl::unexpected<Failure> cannot(const std::string& what, const std::filesystem::path& file) {
    const int error = errno;
    return unavailable("cannot " + what + ": " + std::generic_category().message(error),
                       file.string());
}

}  // namespace

std::optional<ProcessIdentity> identify(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    const std::string stat = rest_of(in);
    const auto ticks = start_ticks(stat);
    if (!ticks) return std::nullopt;
    return ProcessIdentity{pid, *ticks, boot_id()};
}

// Not synced: after a power loss the boot is another one and the process is gone anyway.
Result<void> write_pid_file(const std::filesystem::path& file, const ProcessIdentity& process) {
    const std::string text = "pid " + std::to_string(process.pid) + "\nstart " +
                             std::to_string(process.start_ticks) + "\nboot " + process.boot_id +
                             "\n";
    const std::string part = file.string() + ".part";
    const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0) return cannot("create", part);
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written) {
        auto failure = cannot("write", part);
        ::close(fd);
        return failure;
    }
    ::close(fd);
    if (::rename(part.c_str(), file.c_str()) != 0) return cannot("rename to", file);
    return {};
}

std::optional<ProcessIdentity> read_pid_file(const std::filesystem::path& file) {
    std::ifstream in(file);
    ProcessIdentity process;
    std::string pid, start, boot;
    in >> pid >> process.pid >> start >> process.start_ticks >> boot >> process.boot_id;
    const bool ours = in && pid == "pid" && start == "start" && boot == "boot" && process.pid > 0;
    return ours ? std::optional{process} : std::nullopt;
}

}  // namespace quorate::process
