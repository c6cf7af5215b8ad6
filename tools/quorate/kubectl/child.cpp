#include "tools/quorate/kubectl/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>

#include "adapters/host/settings.hpp"

namespace quorate::cli::kubectl {
namespace {

// Files without a name: nothing blocks when the child says more than a pipe holds, and nothing is
// left behind.
class Memory final {
  public:
    explicit Memory(const char* name) : fd_(::memfd_create(name, MFD_CLOEXEC)) {}
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
        if (fd_ >= 0) ::close(fd_);
    }

    int fd() const { return fd_; }

    bool fill(std::string_view text) const {
        for (; !text.empty();) {
            const ssize_t written = ::write(fd_, text.data(), text.size());
            if (written <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(written));
        }
        return ::lseek(fd_, 0, SEEK_SET) == 0;
    }

    std::string content() const {
        std::string text;
        char buffer[65536];
        ::lseek(fd_, 0, SEEK_SET);
        for (ssize_t n = 0; (n = ::read(fd_, buffer, sizeof buffer)) > 0;)
            text.append(buffer, static_cast<std::size_t>(n));
        return text;
    }

  private:
    int fd_;
};

std::string last_error() { return std::generic_category().message(errno); }

// True when it ended before the deadline; it is not reaped.
bool ends_in_time(pid_t pid, Span deadline) {
    const int watched = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (watched < 0) return true;  // waitpid then waits without a deadline
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(deadline.us);
    int ready = 0;
    do {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        pollfd waiting{watched, POLLIN, 0};
        ready = ::poll(&waiting, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    } while (ready < 0 && errno == EINTR);
    ::close(watched);
    return ready > 0;
}

int reap(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<Ran> run(const Child& child, Span deadline) {
    const std::string& program = child.command.front();
    const Memory in("in");
    const Memory out("out");
    const Memory err("err");
    if (in.fd() < 0 || out.fd() < 0 || err.fd() < 0 || !in.fill(child.input))
        return refused("no memory for what it says: " + last_error(), program);
    std::vector<std::string> words = child.command;
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.fd(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, child.out >= 0 ? child.out : out.fd(),
                                       STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.fd(), STDERR_FILENO);
    pid_t pid = 0;
    const int error =
        ::posix_spawnp(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return refused("cannot be started (" + std::generic_category().message(error) +
                           "); name a working kubectl with --kubectl PATH",
                       program);
    const bool ended = ends_in_time(pid, deadline);
    if (!ended) ::kill(pid, SIGKILL);
    const int status = reap(pid);
    if (!ended) return unavailable("no answer in " + host::to_text(deadline), program);
    return Ran{status, out.content(), err.content()};
}

}  // namespace quorate::cli::kubectl
