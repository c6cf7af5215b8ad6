#include "tools/quorate/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "adapters/api/client.hpp"
#include "adapters/local/desired.hpp"
#include "adapters/process/child.hpp"
#include "adapters/process/pid_file.hpp"
#include "tools/quorate/agents.hpp"
#include "tools/quorate/exit.hpp"
#include "tools/quorate/home.hpp"

namespace quorate::cli {
namespace {

using std::chrono::milliseconds;

constexpr auto lived_well = std::chrono::seconds(10);  // the back-off starts from the least again
constexpr auto ready_look = milliseconds(200);         // ordered: is the one before ready?
constexpr auto slow_look = milliseconds(1'000);        // a lost inotify event costs this much
constexpr Span ready_deadline = quorate::milliseconds(500);

std::chrono::microseconds chrono_of(Span span) { return std::chrono::microseconds(span.us); }

sigset_t taken_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD})
        ::sigaddset(&set, number);
    return set;
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) return std::string("was ended by ") + ::strsignal(WTERMSIG(status));
    return "exited with " + std::to_string(WEXITSTATUS(status));
}

// In the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void become_agent(char* const* arguments, int output, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    ::setsid();  // Ctrl-C is for `up`, which tells its agents
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
    ::execv("/proc/self/exe", arguments);
    ::_exit(127);
}

// _Fork instead of fork: gRPC's threads and fork handlers are none of the child's business.
pid_t spawn_agent(std::vector<std::string> arguments, int output) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments)
        pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::_Fork();
    if (pid == 0) become_agent(pointers.data(), output, parent);
    return pid;
}

}  // namespace

Supervisor::Supervisor(local::Layout layout, Setup setup, Hooks hooks)
    : layout_(std::move(layout)), setup_(std::move(setup)), hooks_(std::move(hooks)) {}

std::uint32_t Supervisor::wanted() const {
    return stops_ > 0 || !desired_ ? 0 : desired_->replicas;
}

void Supervisor::read_desired() {
    auto read = local::read_desired(layout_.desired());
    if (!read || !*read) {
        const std::string fault =
            read ? layout_.desired().string() + " is gone; set it with quorate scale"
                 : text_of(read.error());
        if (fault != desired_fault_) hooks_.tell(fault);
        desired_fault_ = fault;
        return;  // what was desired before still is
    }
    desired_fault_.clear();
    if (desired_ == *read) return;
    const bool first = !desired_;
    desired_ = **read;
    if (!first) hooks_.tell("desired replicas: " + std::to_string(desired_->replicas));
    hooks_.scaled(*desired_);
}

void Supervisor::take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) continue;
        if (++stops_ == 1) hooks_.tell("stopping; data is kept");
        if (stops_ == 2)
            for (Slot& slot : slots_)
                slot.kill_at = Clock::now();
    }
}

void Supervisor::reap() {
    for (;;) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid < 0 && errno == EINTR) continue;
        if (pid <= 0) return;
        for (std::uint32_t i = 0; i < slots_.size(); ++i)
            if (slots_[i].pid == pid) ended(i, status);
    }
}

void Supervisor::ended(std::uint32_t ordinal, int status) {
    Slot& slot = slots_[ordinal];
    const auto now = Clock::now();
    const std::string name = "replica " + std::to_string(ordinal) + ": agent ";
    const bool asked = slot.ending;
    slot.pid = 0;
    slot.ending = false;
    slot.killed = false;
    std::error_code error;
    std::filesystem::remove(layout_.agent_pid(Ordinal{ordinal}), error);
    if (asked) {
        slot.created = false;
        slot.backoff = {};
        hooks_.tell(name + (status == 0 ? "has left" : how_it_ended(status)));
        return;
    }
    const Clock::duration least = chrono_of(setup_.choices.agent_backoff_min);
    const Clock::duration most = chrono_of(setup_.choices.agent_backoff_max);
    const bool fine = now - slot.started_at >= lived_well || slot.backoff == Clock::duration{};
    slot.backoff = fine ? least : std::min(slot.backoff * 2, most);
    slot.restart_at = now + slot.backoff;
    const auto wait = std::chrono::duration_cast<milliseconds>(slot.backoff).count();
    hooks_.tell(name + how_it_ended(status) + "; starts again in " + std::to_string(wait) + " ms");
}

void Supervisor::ask_to_end(std::uint32_t ordinal) {
    Slot& slot = slots_[ordinal];
    slot.ending = true;
    slot.kill_at = Clock::now() + chrono_of(setup_.choices.grace_period);
    ::kill(slot.pid, SIGTERM);
    hooks_.tell("replica " + std::to_string(ordinal) + ": agent is asked to end");
}

void Supervisor::end_surplus() {
    const bool one_by_one = stops_ == 0 && desired_ && desired_->policy == PodManagement::ordered;
    for (std::uint32_t i = limits::replicas_max; i-- > wanted();) {
        Slot& slot = slots_[i];
        if (slot.pid == 0) {
            slot.created = false;
            continue;
        }
        if (!slot.ending) ask_to_end(i);
        if (one_by_one) return;
    }
}

// Everybody before is there and ready, or waits for those that come after.
bool Supervisor::may_follow(std::uint32_t ordinal) {
    for (std::uint32_t i = 0; i < ordinal; ++i) {
        if (slots_[i].pid == 0 || slots_[i].ending) return false;
        api::Client client(layout_.socket(Ordinal{i}));
        const auto status = client.status(ready_deadline);
        if (!status || !next_may_start(*status)) return false;
    }
    return true;
}

void Supervisor::start_missing() {
    const bool one_by_one = desired_ && desired_->policy == PodManagement::ordered;
    for (std::uint32_t i = 0; i < wanted(); ++i) {
        Slot& slot = slots_[i];
        if (slot.pid != 0) continue;
        if (slot.created) {
            if (Clock::now() >= slot.restart_at) start(i);
            continue;
        }
        if (one_by_one && !may_follow(i)) return;
        start(i);
        if (one_by_one) return;
    }
}

void Supervisor::start(std::uint32_t ordinal) {
    Slot& slot = slots_[ordinal];
    const std::string name = "replica " + std::to_string(ordinal) + ": ";
    slot.created = true;
    slot.started_at = Clock::now();
    slot.restart_at = slot.started_at + chrono_of(setup_.choices.agent_backoff_max);
    std::error_code error;
    const std::filesystem::path folder = layout_.log(Ordinal{ordinal});
    std::filesystem::create_directories(folder, error);
    // The agent has a log of its own; here goes what libraries and a crash leave.
    const std::filesystem::path log = folder / "agent.stderr";
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) {
        hooks_.tell(name + "cannot write " + log.string() + ": " +
                    std::generic_category().message(errno));
        return;
    }
    const pid_t pid = spawn_agent(
        {"quorate", "run", "--dir", layout_.root().string(), "--ordinal", std::to_string(ordinal)},
        output);
    const int fault = errno;
    ::close(output);
    if (pid < 0) {
        hooks_.tell(name + "cannot start an agent: " + std::generic_category().message(fault));
        return;
    }
    slot.pid = pid;
    if (const auto identity = process::identify(pid))
        if (auto noted = process::write_pid_file(layout_.agent_pid(Ordinal{ordinal}), *identity);
            !noted)
            hooks_.tell(name + text_of(noted.error()));
    hooks_.tell(name + "agent started (pid " + std::to_string(pid) + ")");
}

void Supervisor::kill_overdue() {
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
        Slot& slot = slots_[i];
        if (slot.pid == 0 || !slot.ending || slot.killed || Clock::now() < slot.kill_at) continue;
        slot.killed = true;
        ::kill(slot.pid, SIGKILL);
        hooks_.tell("replica " + std::to_string(i) + ": agent is killed, the grace period is over");
    }
}

void Supervisor::reconcile() {
    end_surplus();
    start_missing();
    kill_overdue();
    if (!told_started_ && desired_) {
        told_started_ = true;
        hooks_.started();
    }
}

bool Supervisor::all_gone() const {
    return std::all_of(slots_.begin(), slots_.end(),
                       [](const Slot& slot) { return slot.pid == 0; });
}

// Until the next thing that happens by the clock.
int Supervisor::wait_ms() const {
    const auto now = Clock::now();
    Clock::duration wait = slow_look;
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
        const Slot& slot = slots_[i];
        if (slot.pid != 0 && slot.ending && !slot.killed) wait = std::min(wait, slot.kill_at - now);
        if (slot.pid == 0 && i < wanted())
            wait = std::min<Clock::duration>(
                wait, slot.created ? slot.restart_at - now : Clock::duration(ready_look));
    }
    const auto ms = std::chrono::ceil<milliseconds>(wait).count();
    return static_cast<int>(std::max<decltype(ms)>(ms, 0));
}

void Supervisor::run() {
    const sigset_t set = taken_signals();
    signals_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    changes_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ::inotify_add_watch(changes_, layout_.cluster().c_str(), IN_MOVED_TO | IN_CLOSE_WRITE);
    while (true) {
        read_desired();
        take_signals();
        reap();
        reconcile();
        if (stops_ > 0 && all_gone()) break;
        std::array<pollfd, 2> waiting{pollfd{signals_, POLLIN, 0}, pollfd{changes_, POLLIN, 0}};
        ::poll(waiting.data(), waiting.size(), wait_ms());
        char drained[4096];
        while (::read(changes_, drained, sizeof drained) > 0) {
        }
    }
    ::close(signals_);
    ::close(changes_);
}

void block_signals() {
    const sigset_t set = taken_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);  // nobody reads what we print any more: the cluster goes on
}

Result<void> end_leftovers(const local::Layout& layout, Span grace) {
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i)
        if (auto ended = process::stop_leftover(layout.agent_pid(Ordinal{i}), grace); !ended)
            return tl::unexpected(ended.error());
    return {};
}

}  // namespace quorate::cli
