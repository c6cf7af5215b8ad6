#include "adapters/process/init.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

namespace quorate::process {
namespace {

// Returns the status of `child` when it was among those that ended.
std::optional<int> reap_all(pid_t child) {
    std::optional<int> ended;
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == child) ended = status;
    return ended;
}

int watch_over(pid_t child, const sigset_t& signals) {
    for (;;) {
        const int number = ::sigwaitinfo(&signals, nullptr);
        if (number == SIGCHLD) {
            const auto status = reap_all(child);
            if (!status) continue;
            return WIFSIGNALED(*status) ? 128 + WTERMSIG(*status) : WEXITSTATUS(*status);
        }
        if (number > 0) ::kill(child, number);
    }
}

}  // namespace

int as_init(const std::function<int()>& work) {
    // Blocked from before there is a child: none of them is lost.
    sigset_t signals;
    sigset_t before;
    ::sigemptyset(&signals);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2})
        ::sigaddset(&signals, number);
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    // Of no effect on who is the first process: it gets them anyway.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t child = ::fork();
    if (child < 0) {
        std::fprintf(stderr, "quorate: cannot fork: %s\n", std::strerror(errno));
        return 1;
    }
    if (child > 0) return watch_over(child, signals);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return work();
}

}  // namespace quorate::process
