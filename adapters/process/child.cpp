#include "adapters/process/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "adapters/process/classify.hpp"
#include "adapters/process/pid_file.hpp"
#include "adapters/process/tail.hpp"

namespace quorate::process {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadSize = std::size_t{16} << 10;
constexpr int kDrainMax = 64;  // reads after its end; a grandchild may hold the pipe and write on

class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    void reset() {
        if (fd_ >= 0) ::close(release());
    }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};

std::string error_text(int error) { return std::generic_category().message(error); }

tl::unexpected<Failure> cannot(const std::string& what, int error, const std::string& where) {
    return unavailable("cannot " + what + ": " + error_text(error), where);
}

Result<Pipe> make_pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) return cannot("create a pipe", errno, "pipe2");
    return Pipe{Fd(fds[0]), Fd(fds[1])};
}

Fd open_pidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

bool kill_by(const Fd& pidfd, int number) {
    return ::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0) == 0;
}

// For execve: pointers into strings that outlive the call.
std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (std::string& string : strings)
        result.push_back(string.data());
    result.push_back(nullptr);
    return result;
}

// Everything the child needs, made before the fork.
struct Launch {
    const char* program;
    char* const* arguments;
    char* const* environment;
    int input;
    int output;   // less than 0: ours
    int failure;  // errno of what went wrong; closed by a successful exec
    pid_t parent;
};

[[noreturn]] void report_and_exit(int fd, int error) {
    if (::write(fd, &error, sizeof error) < 0) ::_exit(126);
    ::_exit(127);
}

// In the child, between fork and exec: only async-signal-safe calls, no allocation.
[[noreturn]] void become(const Launch& launch) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) report_and_exit(launch.failure, errno);
    if (::getppid() != launch.parent) ::_exit(127);  // it ended before the line above
    ::setsid();
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::dup2(launch.input, STDIN_FILENO) < 0) report_and_exit(launch.failure, errno);
    if (launch.output >= 0 &&
        (::dup2(launch.output, STDOUT_FILENO) < 0 || ::dup2(launch.output, STDERR_FILENO) < 0))
        report_and_exit(launch.failure, errno);
    // Whatever a library left open without CLOEXEC; older kernels cannot, and ours all have it.
    ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
    ::execve(launch.program, launch.arguments, launch.environment);
    report_and_exit(launch.failure, errno);
}

// With all signals blocked, so that no handler of ours runs in the child.
pid_t fork_quietly(const Launch& launch) {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0) become(launch);
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return pid;
}

void kill_and_reap(pid_t pid) {
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

// 0 when the exec succeeded: the pipe closes without a word.
int read_failure(const Fd& from) {
    int error = 0;
    ssize_t got = 0;
    do {
        got = ::read(from.get(), &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    return got == ssize_t{sizeof error} ? error : 0;
}

struct Started {
    pid_t pid = 0;
    Fd pidfd;
    Fd output;
};

Result<Started> start(Spec& spec) {
    auto output = spec.output == Output::kept ? make_pipe() : Result<Pipe>(Pipe{});
    auto failure = make_pipe();
    const Fd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!output) return tl::unexpected<Failure>(output.error());
    if (!failure) return tl::unexpected<Failure>(failure.error());
    if (!input) return cannot("open", errno, "/dev/null");

    std::vector<std::string> names = {spec.program.string()};
    names.insert(names.end(), spec.arguments.begin(), spec.arguments.end());
    const std::vector<char*> arguments = pointers(names);
    const std::vector<char*> environment = pointers(spec.environment);
    const pid_t pid =
        fork_quietly(Launch{spec.program.c_str(), arguments.data(), environment.data(), input.get(),
                            output->write.get(), failure->write.get(), ::getpid()});
    if (pid < 0) return cannot("fork", errno, spec.program.string());
    output->write.reset();
    failure->write.reset();

    if (const int error = read_failure(failure->read); error != 0) {
        kill_and_reap(pid);
        return refused("cannot run: " + error_text(error), spec.program.string());
    }
    Fd pidfd = open_pidfd(pid);
    if (!pidfd) {
        const int error = errno;
        kill_and_reap(pid);
        return cannot("watch the child (Linux 5.4 is needed)", error, spec.program.string());
    }
    if (output->read) ::fcntl(output->read.get(), F_SETFL, O_NONBLOCK);
    return Started{pid, std::move(pidfd), std::move(output->read)};
}

Result<void> record(const Spec& spec, pid_t pid) {
    if (spec.pid_file.empty()) return {};
    const auto process = identify(pid);
    if (!process) return refused("/proc does not show the child", spec.program.string());
    return write_pid_file(spec.pid_file, *process);
}

}  // namespace

struct Child::Running : std::enable_shared_from_this<Child::Running> {
    Running(asio::io_context& io, const Spec& spec, OnExit told)
        : pid_file(spec.pid_file),
          log(spec.log, spec.log_max),
          watch(io),
          output(io),
          on_exit(std::move(told)) {}

    void take(std::string_view bytes) {
        log.append(bytes);
        tail.add(bytes);
    }

    // Waits, then reads by itself: nothing that was read is ever on its way when the end is told.
    void read_output() {
        output.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const error_code& error) {
                              if (error || !self->alive) return;
                              if (self->read_some() != Reading::closed) self->read_output();
                          });
    }

    enum class Reading { got, nothing_yet, closed };
    Reading read_some() {
        const ssize_t size = ::read(output.native_handle(), buffer.data(), buffer.size());
        if (size < 0)
            return errno == EAGAIN || errno == EINTR ? Reading::nothing_yet : Reading::closed;
        take({buffer.data(), static_cast<std::size_t>(size)});
        return size == 0 ? Reading::closed : Reading::got;
    }

    void wait_for_end() {
        watch.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const error_code& error) {
                             if (error || !self->alive) return;
                             // asio may still tell what was true of the descriptor before this one.
                             if (self->has_ended())
                                 self->end();
                             else
                                 self->wait_for_end();
                         });
    }

    bool has_ended() const {
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid == pid;
    }

    // Its number stands for its process group, of which it was the first, until it is reaped.
    void kill_group() const { ::kill(-pid, SIGKILL); }

    // What it wrote just before its end is still in the pipe.
    void drain() {
        for (int i = 0; i < kDrainMax && read_some() == Reading::got; ++i) {
        }
    }

    // By pid, which is its own until this call: asio made the pidfd non-blocking, and a wait by it
    // would not wait.
    Ending reap() {
        siginfo_t info{};
        while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) < 0 && errno == EINTR) {
        }
        alive = false;
        const bool exited = info.si_code == CLD_EXITED;
        return Ending{exited ? info.si_status : 0, exited ? 0 : info.si_status, asked_to_stop};
    }

    void close() {
        error_code ignored;
        watch.close(ignored);
        output.close(ignored);
        std::error_code gone;
        if (!pid_file.empty()) std::filesystem::remove(pid_file, gone);
    }

    void end() {
        kill_group();
        const Ending ending = reap();
        if (output.is_open()) drain();
        close();
        const OnExit told = std::move(on_exit);
        if (told) told(classify(ending, tail.lines()));
    }

    void kill() {
        kill_group();
        reap();
        close();
    }

    pid_t pid = 0;
    bool alive = true;  // not reaped: until then the pid is its own
    bool asked_to_stop = false;
    std::filesystem::path pid_file;
    LogFile log;
    Tail tail;
    asio::posix::stream_descriptor watch;
    asio::posix::stream_descriptor output;
    std::array<char, kReadSize> buffer{};
    OnExit on_exit;
};

Result<std::unique_ptr<Child>> Child::spawn(asio::io_context& io, Spec spec, OnExit on_exit) {
    auto running = std::make_shared<Running>(io, spec, std::move(on_exit));
    auto started = start(spec);
    if (!started) return tl::unexpected<Failure>(started.error());
    running->pid = started->pid;

    const auto recorded = record(spec, started->pid);
    error_code error;
    running->watch.assign(started->pidfd.get(), error);
    if (!error) started->pidfd.release();
    if (!error && started->output) running->output.assign(started->output.get(), error);
    if (!error) started->output.release();
    if (!recorded || error) {
        kill_and_reap(started->pid);
        running->alive = false;
        running->close();
        if (!recorded) return tl::unexpected<Failure>(recorded.error());
        return unavailable("cannot watch the child: " + error.message(), spec.program.string());
    }
    if (running->output.is_open()) running->read_output();
    running->wait_for_end();
    return std::unique_ptr<Child>(new Child(std::move(running)));
}

Child::Child(std::shared_ptr<Running> running) : running_(std::move(running)) {}

Child::~Child() {
    running_->on_exit = nullptr;
    if (running_->alive) running_->kill();
}

pid_t Child::pid() const { return running_->pid; }

bool Child::running() const { return running_->alive; }

std::vector<std::string> Child::last_lines() const { return running_->tail.lines(); }

Result<void> Child::signal(int number) {
    const std::string where = "process " + std::to_string(running_->pid);
    if (!running_->alive) return refused("it has ended", where);
    if (::kill(running_->pid, number) != 0)
        return cannot("send signal " + std::to_string(number), errno, where);
    if (number == SIGTERM || number == SIGINT) running_->asked_to_stop = true;
    return {};
}

namespace {

// A pidfd is readable once its process has ended.
bool wait_until_gone(const Fd& pidfd, Span grace) {
    const auto deadline = static_cast<int>(
        std::clamp<std::int64_t>(grace.us / 1000, 0, std::int64_t{24} * 3600 * 1000));
    pollfd watched{pidfd.get(), POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(&watched, 1, deadline);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

}  // namespace

Result<bool> stop_leftover(const std::filesystem::path& pid_file, Span grace) {
    const auto recorded = read_pid_file(pid_file);
    bool stopped = false;
    if (recorded) {
        // The pidfd first: from then on the number cannot pass to another process unseen.
        const Fd pidfd = open_pidfd(recorded->pid);
        const std::string where = "process " + std::to_string(recorded->pid);
        if (!pidfd && errno != ESRCH) return cannot("look at the leftover child", errno, where);
        if (pidfd && identify(recorded->pid) == recorded) {
            if (!kill_by(pidfd, SIGKILL) && errno != ESRCH)
                return cannot("end the leftover child", errno, where);
            if (!wait_until_gone(pidfd, grace))
                return unavailable(
                    "the leftover child got SIGKILL and is still there; it may hang in I/O", where);
            stopped = true;
        }
    }
    std::error_code error;
    std::filesystem::remove(pid_file, error);
    if (error) return unavailable("cannot remove: " + error.message(), pid_file.string());
    return stopped;
}

}  // namespace quorate::process
