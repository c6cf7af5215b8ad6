// The first process of a container, played by a process of this test: real orphans, real signals.
#include "adapters/process/init.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace quorate::process {
namespace {

constexpr int deadline_ms = 120'000;  // only a hang reaches it

// Of the first process, which is a child of this one.
pid_t start(const std::function<int()>& work) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::alarm(deadline_ms / 1000);
        ::_exit(as_init(work));
    }
    return pid;
}

int await_exit(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int run(const std::function<int()>& work) { return await_exit(start(work)); }

struct Pipe {
    Pipe() { EXPECT_EQ(::pipe(ends.data()), 0); }
    ~Pipe() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    template <class T>
    void put(T value) const {
        if (::write(ends[1], &value, sizeof value) < 0) ::_exit(99);
    }
    template <class T>
    T take() const {
        T value{};
        pollfd watched{ends[0], POLLIN, 0};
        if (::poll(&watched, 1, deadline_ms) != 1) return value;
        return ::read(ends[0], &value, sizeof value) == sizeof value ? value : T{};
    }
    std::array<int, 2> ends{};
};

// A process whose parent ends before it does; it ends when `gate` is written to.
pid_t start_orphan(const Pipe& gate) {
    const Pipe tells;
    const pid_t parent = ::fork();
    if (parent == 0) {
        const pid_t orphan = ::fork();
        if (orphan == 0) {
            gate.take<char>();
            ::_exit(0);
        }
        tells.put(orphan);
        ::_exit(0);
    }
    await_exit(parent);
    return tells.take<pid_t>();
}

// Also of a zombie.
bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

void await_reaped(pid_t pid) {
    while (exists(pid))
        ::poll(nullptr, 0, 5);  // nobody but its parent is told; the alarm ends a hang
}

TEST(Init, EndsAsTheWorkDid) {
    EXPECT_EQ(run([] { return 0; }), 0);
    EXPECT_EQ(run([] { return 7; }), 7);
    EXPECT_EQ(run([] { return ::raise(SIGKILL); }), 128 + SIGKILL);
}

TEST(Init, ReapsEveryOrphan) {
    EXPECT_EQ(run([] {
                  for (int i = 0; i < 20; ++i) {
                      const Pipe gate;
                      const pid_t orphan = start_orphan(gate);
                      if (orphan <= 0 || !exists(orphan)) return 1;
                      gate.put('x');
                      await_reaped(orphan);
                  }
                  return 0;
              }),
              0);
}

TEST(Init, LeavesTheWorkTheExitStatusOfItsChildren) {
    EXPECT_EQ(run([] {
                  for (int i = 0; i < 100; ++i) {
                      const Pipe gate;
                      start_orphan(gate);
                      const pid_t child = ::fork();
                      if (child == 0) ::_exit(i);
                      gate.put('x');
                      ::poll(nullptr, 0, 1);  // whoever would take it has the time to
                      if (await_exit(child) != i) return 1;
                  }
                  return 0;
              }),
              0);
}

TEST(Init, PassesSignalsOn) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) {
        const Pipe ready;
        const pid_t first = start([&] {
            sigset_t signals;
            ::sigfillset(&signals);
            ::sigprocmask(SIG_SETMASK, &signals, nullptr);
            ready.put('x');
            siginfo_t info{};
            while (::sigwaitinfo(&signals, &info) == SIGCHLD) {
            }
            return info.si_signo;
        });
        EXPECT_EQ(ready.take<char>(), 'x');
        ::kill(first, number);
        EXPECT_EQ(await_exit(first), number);
    }
}

// The kubelet may be fast: the work has not begun, and the caller's handler is there.
TEST(Init, ASignalFromBeforeTheWorkIsNotLost) {
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = [](int) { ::_exit(42); };
    ::sigaction(SIGTERM, &action, &before);
    const pid_t first = start([] {
        for (;;)
            ::pause();
        return 0;
    });
    ::kill(first, SIGTERM);
    EXPECT_EQ(await_exit(first), 42);
    ::sigaction(SIGTERM, &before, nullptr);
}

}  // namespace
}  // namespace quorate::process
