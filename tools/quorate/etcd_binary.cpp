#include "tools/quorate/etcd_binary.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <system_error>

#include "core/rules/etcd_versions.hpp"

namespace quorate::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds patience{20};
constexpr std::size_t output_max = 64 << 10;

// What it printed until it ended; nothing when it printed without end or took too long.
std::string read_all(int fd) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::string output;
    char buffer[4096];
    while (output.size() < output_max) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd waiting{fd, POLLIN, 0};
        if (left.count() <= 0) return {};
        const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return {};
        const ssize_t n = ::read(fd, buffer, sizeof buffer);
        if (n <= 0) return output;
        output.append(buffer, static_cast<std::size_t>(n));
    }
    return {};
}

Result<std::string> version_output(const fs::path& program) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return refused(std::generic_category().message(errno), "pipe2");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    std::string name = program.string();
    std::string argument = "--version";
    char* arguments[] = {name.data(), argument.data(), nullptr};
    pid_t pid = 0;
    // No environment: ETCD_... variables of this shell are not the agents'.
    char* environment[] = {nullptr};
    const int error =
        ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environment);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) {
        ::close(ends[0]);
        return refused("cannot be started (" + std::generic_category().message(error) +
                           "); name a working etcd with --etcd PATH",
                       program);
    }
    std::string output = read_all(ends[0]);
    ::close(ends[0]);
    ::kill(pid, SIGKILL);  // it has said all it had to say
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return output;
}

}  // namespace

std::optional<fs::path> in_path(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path candidate = fs::path(folder) / name;
        std::error_code error;
        if (fs::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0)
            return fs::absolute(candidate, error);
    }
    return std::nullopt;
}

Result<EtcdBinary> find_etcd(const std::string& named) {
    std::error_code error;
    fs::path path;
    if (named.empty()) {
        const auto found = in_path("etcd");
        if (!found)
            return refused(
                "there is no etcd in PATH; install the package etcd-server, or name one with "
                "--etcd PATH",
                "--etcd");
        path = *found;
    } else {
        path = fs::absolute(named, error).lexically_normal();
    }
    if (!fs::exists(path, error))
        return refused("there is no such file; name a working etcd with --etcd PATH", path);
    if (fs::is_directory(path, error))
        return refused("is a directory; name the program, such as " + (path / "etcd").string(),
                       path);
    if (::access(path.c_str(), X_OK) != 0)
        return refused("is not executable; name a working etcd with --etcd PATH", path);
    auto output = version_output(path);
    if (!output) return tl::unexpected(output.error());
    constexpr std::string_view heading = "etcd Version: ";
    const std::size_t at = output->find(heading);
    const Version version =
        at == std::string::npos
            ? Version{}
            : parse_version(output->substr(
                  at + heading.size(), output->find_first_of("\r\n", at) - at - heading.size()));
    if (version == Version{})
        return refused(
            "is not an etcd: --version does not tell one; name a working etcd with --etcd PATH",
            path);
    if (const std::string refusal = version_refusal(version); !refusal.empty())
        return refused(refusal, path);
    return EtcdBinary{path, version};
}

}  // namespace quorate::cli
