// Real processes: shells for what a child may do, etcd 3.4 for what it says, and this binary,
// started again with --parent, as an agent that is killed.
#include "adapters/process/child.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "adapters/process/pid_file.hpp"
#include "tests/support/free_port.hpp"

namespace quorate::process {
namespace {

namespace fs = std::filesystem;

constexpr auto kDeadline = std::chrono::seconds(120);  // only a hang reaches it
constexpr int kDeadlineMs = 120'000;

class Processes : public testing::Test {
  protected:
    Processes() {
        std::string name = "/tmp/quorate-process-XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }
    ~Processes() override {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }

    fs::path PidFile() const { return directory_ / "pid"; }
    fs::path Log() const { return directory_ / "log"; }
    Spec Of(const fs::path& program, std::vector<std::string> arguments) const {
        return Spec{.program = program,
                    .arguments = std::move(arguments),
                    .environment = {"PATH=/usr/bin:/bin", "ETCD_UNSUPPORTED_ARCH=arm64"},
                    .log = Log(),
                    .pid_file = PidFile()};
    }
    Spec Shell(const std::string& script) const { return Of("/bin/sh", {"-c", script}); }

    std::unique_ptr<Child> Spawn(const Spec& spec) {
        exit_.reset();
        auto child = Child::spawn(io_, spec, [this](const ChildExit& exit) { exit_ = exit; });
        EXPECT_TRUE(child) << child.error().what;
        return child ? std::move(*child) : nullptr;
    }
    template <class Condition>
    bool Await(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + kDeadline;
        io_.restart();
        while (std::chrono::steady_clock::now() < deadline) {
            if (condition()) return true;
            if (io_.run_one_for(std::chrono::milliseconds(50)) == 0) io_.restart();
        }
        return false;
    }
    ChildExit AwaitExit() {
        EXPECT_TRUE(Await([this] { return exit_.has_value(); })) << "it does not end";
        return exit_.value_or(ChildExit{});
    }
    bool AwaitOutput(const Child& child, const std::string& text) {
        return Await([&] {
            const auto lines = child.last_lines();
            return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
                return line.find(text) != std::string::npos;
            });
        });
    }
    ChildExit Run(const Spec& spec) {
        const auto child = Spawn(spec);
        return AwaitExit();
    }

    fs::path directory_;
    boost::asio::io_context io_;
    std::optional<ChildExit> exit_;
};

std::string ReadFile(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool Exists(pid_t pid) { return ::kill(pid, 0) == 0; }

// Of a process that need not be our child.
bool AwaitGone(int pidfd) {
    pollfd watched{pidfd, POLLIN, 0};
    const bool gone = ::poll(&watched, 1, kDeadlineMs) == 1;
    ::close(pidfd);
    return gone;
}
int OpenPidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// Ends.

TEST_F(Processes, AnExitStatusIsTold) {
    const ChildExit exit = Run(Shell("exit 7"));
    EXPECT_EQ(exit.status, 7);
    EXPECT_EQ(exit.signal, 0);
    EXPECT_EQ(exit.exit_class, ExitClass::unknown);
}

TEST_F(Processes, ASignalIsTold) {
    const ChildExit exit = Run(Shell("kill -SEGV $$"));
    EXPECT_EQ(exit.status, 0);
    EXPECT_EQ(exit.signal, SIGSEGV);
}

TEST_F(Processes, AskedToStopItStops) {
    const auto child = Spawn(Shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"));
    ASSERT_TRUE(AwaitOutput(*child, "ready"));
    EXPECT_TRUE(child->signal(SIGTERM));
    EXPECT_EQ(AwaitExit().exit_class, ExitClass::stopped);
    EXPECT_FALSE(child->running());
    EXPECT_FALSE(child->signal(SIGTERM));
}

TEST_F(Processes, TheSameEndWithoutBeingAskedIsNotAStop) {
    EXPECT_EQ(Run(Shell("exit 0")).exit_class, ExitClass::unknown);
}

TEST_F(Processes, KilledIsKilled) {
    const auto child = Spawn(Shell("exec sleep 1000"));
    EXPECT_TRUE(child->signal(SIGKILL));
    EXPECT_EQ(AwaitExit().exit_class, ExitClass::killed);
}

TEST_F(Processes, WhatItWroteLastIsClassified) {
    const ChildExit exit = Run(Shell("echo start; echo 'walpb: crc mismatch' >&2; exit 1"));
    EXPECT_EQ(exit.exit_class, ExitClass::wal_damaged);
    EXPECT_EQ(exit.last_line, "walpb: crc mismatch");
}

TEST_F(Processes, NothingOfItsLastWordsIsLost) {
    for (int i = 0; i < 30; ++i) {
        const ChildExit exit =
            Run(Shell("i=0; while [ $i -lt 300 ]; do echo line $i; "
                      "i=$((i+1)); done; printf 'the end'; exit 3"));
        ASSERT_EQ(exit.last_line, "the end");
    }
}

TEST_F(Processes, WhatIsStillInThePipeAtTheEndIsRead) {
    const auto child = Spawn(Shell("head -c 50000 /dev/zero; printf '\\nthe end'; exit 3"));
    ASSERT_TRUE(AwaitGone(OpenPidfd(child->pid())));  // nothing was read until here
    EXPECT_EQ(AwaitExit().last_line, "the end");
    EXPECT_EQ(fs::file_size(Log()), 50008U);
}

TEST_F(Processes, AGrandchildThatHoldsThePipeDoesNotHideTheEnd) {
    // One that left its process group, or it would have ended too.
    const ChildExit exit = Run(Shell("setsid sleep 1000 & echo $!; exit 4"));
    EXPECT_EQ(exit.status, 4);
    const pid_t grandchild = std::stoi(exit.last_line);
    ::kill(grandchild, SIGKILL);
}

TEST_F(Processes, WhatItStartedEndsWithIt) {
    const ChildExit exit = Run(Shell("sleep 1000 & echo $!; exit 4"));
    const int grandchild = OpenPidfd(std::stoi(exit.last_line));
    EXPECT_TRUE(grandchild < 0 || AwaitGone(grandchild));
}

TEST_F(Processes, OutputThatIsInheritedGoesWhereOursDoes) {
    const int ours = ::dup(STDOUT_FILENO);
    const int file = ::open(Log().c_str(), O_CREAT | O_RDWR, 0600);
    ::dup2(file, STDOUT_FILENO);
    Spec spec = Shell("echo said");
    spec.log.clear();
    spec.output = Output::inherited;
    const ChildExit exit = Run(spec);
    ::dup2(ours, STDOUT_FILENO);
    ::close(ours);
    ::close(file);
    EXPECT_EQ(exit.status, 0);
    EXPECT_EQ(exit.last_line, "");
    EXPECT_EQ(ReadFile(Log()), "said\n");
}

TEST_F(Processes, AMissingBinaryIsAFailureThatNamesIt) {
    const auto child = Child::spawn(io_, Of("/nowhere/etcd", {}), [](const ChildExit&) {});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().what, "cannot run: No such file or directory");
    EXPECT_EQ(child.error().where, "/nowhere/etcd");
    EXPECT_FALSE(fs::exists(PidFile()));
}

TEST_F(Processes, AFileThatIsNoProgramIsAFailure) {
    std::ofstream(directory_ / "text") << "hello";
    EXPECT_FALSE(Child::spawn(io_, Of(directory_ / "text", {}), [](const ChildExit&) {}));
}

TEST_F(Processes, AFailedStartLeavesNoProcess) {
    Spec spec = Shell("exec sleep 1000");
    spec.pid_file = directory_ / "no" / "such" / "directory";
    EXPECT_FALSE(Child::spawn(io_, spec, [](const ChildExit&) {}));
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST_F(Processes, DestroyedIsKilledAndReapedAndSaysNothing) {
    auto child = Spawn(Shell("exec sleep 1000"));
    const pid_t pid = child->pid();
    child.reset();
    EXPECT_FALSE(Exists(pid));
    EXPECT_FALSE(fs::exists(PidFile()));
    io_.restart();
    io_.run_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(exit_);
}

TEST_F(Processes, TheHandlerMayDestroyTheChild) {
    std::unique_ptr<Child> child;
    bool told = false;
    auto spawned = Child::spawn(io_, Shell("exit 1"), [&](const ChildExit&) {
        child.reset();
        told = true;
    });
    ASSERT_TRUE(spawned);
    child = std::move(*spawned);
    EXPECT_TRUE(Await([&] { return told; }));
}

// What it inherits.

TEST_F(Processes, TheEnvironmentIsExactlyWhatWasGiven) {
    ::setenv("QUORATE_LEAK", "1", 1);
    Spec spec = Of("/usr/bin/env", {});
    spec.environment = {"A=1", "B=two words"};
    Run(spec);
    ::unsetenv("QUORATE_LEAK");
    EXPECT_EQ(ReadFile(Log()), "A=1\nB=two words\n");
}

TEST_F(Processes, NoOpenFileOfOursIsInherited) {
    const int leaked = ::open("/dev/null", 0);  // without CLOEXEC
    ASSERT_GE(leaked, 3);
    Run(Shell("for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -gt 2 ] && readlink $f; done; exit 0"));
    ::close(leaked);
    EXPECT_EQ(ReadFile(Log()), "");
}

TEST_F(Processes, ItHasItsOwnSessionSoThatCtrlCDoesNotReachIt) {
    const auto child = Spawn(Shell("exec sleep 1000"));
    EXPECT_EQ(::getsid(child->pid()), child->pid());
    EXPECT_NE(::getpgid(child->pid()), ::getpgid(0));
}

TEST_F(Processes, BlockedSignalsOfOursAreNotInherited) {
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto child = Spawn(Of("/bin/sleep", {"1000"}));
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    EXPECT_TRUE(child->signal(SIGTERM));
    EXPECT_EQ(AwaitExit().signal, SIGTERM);
}

// Parents that die.

TEST_F(Processes, TheChildDiesWithItsParent) {
    std::array<int, 2> told{};
    ASSERT_EQ(::pipe(told.data()), 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        ::dup2(told[1], STDOUT_FILENO);
        ::close(told[0]);
        ::execl("/proc/self/exe", "process_test", "--parent", PidFile().c_str(), nullptr);
        ::_exit(127);
    }
    ::close(told[1]);
    pid_t grandchild = 0;
    ASSERT_EQ(::read(told[0], &grandchild, sizeof grandchild), ssize_t{sizeof grandchild});
    const int pidfd = OpenPidfd(grandchild);
    ASSERT_GE(pidfd, 0);
    EXPECT_TRUE(Exists(grandchild));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    EXPECT_TRUE(AwaitGone(pidfd)) << "process " << grandchild << " outlived its parent";
    ::close(told[0]);
    EXPECT_TRUE(fs::exists(PidFile())) << "what the next agent looks at";
}

// Leftovers.

// A process that is not a Child, as one left behind would be.
pid_t StartSleeper() {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::execl("/bin/sleep", "sleep", "1000", nullptr);
        ::_exit(127);
    }
    return pid;
}

TEST_F(Processes, ARunningChildIsRecordedAndAnEndedOneIsNot) {
    const auto child = Spawn(Shell("exec sleep 1000"));
    EXPECT_EQ(read_pid_file(PidFile()), identify(child->pid()));
    EXPECT_TRUE(child->signal(SIGKILL));
    AwaitExit();
    EXPECT_FALSE(fs::exists(PidFile()));
}

TEST_F(Processes, ALeftoverIsEnded) {
    const pid_t pid = StartSleeper();
    ASSERT_TRUE(write_pid_file(PidFile(), *identify(pid)));
    const auto stopped = stop_leftover(PidFile(), minutes(2));
    ASSERT_TRUE(stopped) << stopped.error().what;
    EXPECT_TRUE(*stopped);
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    EXPECT_FALSE(fs::exists(PidFile()));
}

TEST_F(Processes, ARecycledPidIsLeftAlone) {
    const pid_t pid = StartSleeper();
    ProcessIdentity other = *identify(pid);
    other.start_ticks -= 1;
    ASSERT_TRUE(write_pid_file(PidFile(), other));
    EXPECT_FALSE(stop_leftover(PidFile(), minutes(2)).value());
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0) << "it still runs";
    EXPECT_FALSE(fs::exists(PidFile()));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
}

TEST_F(Processes, APidOfAnotherBootIsLeftAlone) {
    const pid_t pid = StartSleeper();
    ProcessIdentity other = *identify(pid);
    other.boot_id = "another";
    ASSERT_TRUE(write_pid_file(PidFile(), other));
    EXPECT_FALSE(stop_leftover(PidFile(), minutes(2)).value());
    EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0) << "it still runs";
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
}

TEST_F(Processes, AProcessThatIsGoneIsNoLeftover) {
    const pid_t pid = StartSleeper();
    ASSERT_TRUE(write_pid_file(PidFile(), *identify(pid)));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    EXPECT_FALSE(stop_leftover(PidFile(), minutes(2)).value());
    EXPECT_FALSE(fs::exists(PidFile()));
}

TEST_F(Processes, WithoutAPidFileThereIsNoLeftover) {
    EXPECT_FALSE(stop_leftover(PidFile(), minutes(2)).value());
}

TEST_F(Processes, APidFileThatSaysNothingIsRemoved) {
    std::ofstream(PidFile()) << "pid -1\n";
    EXPECT_FALSE(stop_leftover(PidFile(), minutes(2)).value());
    EXPECT_FALSE(fs::exists(PidFile()));
}

TEST(Identity, ANameWithParenthesesAndSpacesIsRead) {
    char before[16] = {};
    ::prctl(PR_GET_NAME, before);
    const auto plain = identify(::getpid());
    ::prctl(PR_SET_NAME, "a) S 1 (b c");
    EXPECT_EQ(identify(::getpid()), plain);
    ::prctl(PR_SET_NAME, before);
}

// The log.

TEST_F(Processes, OutputOfSeveralChildrenIsAppended) {
    Run(Shell("echo one; echo two >&2"));
    Run(Shell("echo three"));
    EXPECT_EQ(ReadFile(Log()), "one\ntwo\nthree\n");
}

TEST_F(Processes, TheLogIsRotatedBySizeAndTwoOldOnesAreKept) {
    LogFile log(Log(), Bytes{100});
    for (int i = 0; i < 10; ++i)
        log.append(std::string(60, static_cast<char>('0' + i)));
    const auto text = [](char a, char b) { return std::string(60, a) + std::string(60, b); };
    EXPECT_EQ(ReadFile(Log()), text('8', '9'));
    EXPECT_EQ(ReadFile(Log().string() + ".1"), text('6', '7'));
    EXPECT_EQ(ReadFile(Log().string() + ".2"), text('4', '5'));
    EXPECT_FALSE(fs::exists(Log().string() + ".3"));
    EXPECT_EQ(log.dropped(), Bytes{0});
}

TEST_F(Processes, ALogThatCannotBeWrittenDoesNotHoldUpTheChild) {
    Spec spec = Shell("head -c 1000000 /dev/zero; exit 5");
    spec.log = directory_ / "no" / "such" / "directory";
    EXPECT_EQ(Run(spec).status, 5);
}

TEST_F(Processes, MuchOutputIsKeptWhole) {
    Run(Shell("head -c 3000000 /dev/zero; exit 0"));
    EXPECT_EQ(fs::file_size(Log()), 3'000'000U);
}

// Real etcd.

std::string Output(const std::string& command) {
    std::string output;
    FILE* pipe = ::popen(command.c_str(), "r");
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
        output.push_back(static_cast<char>(c));
    ::pclose(pipe);
    return output;
}

class Etcd : public Processes {
  protected:
    struct Member {
        std::string name;
        int client = test::free_port();
        int peer = test::free_port();
        std::string PeerUrl() const { return "http://127.0.0.1:" + std::to_string(peer); }
        std::string ClientUrl() const { return "http://127.0.0.1:" + std::to_string(client); }
    };

    Spec Start(const Member& member, const std::string& state) const {
        Spec spec =
            Of("/usr/bin/etcd",
               {"--name", member.name, "--data-dir", directory_ / member.name, "--listen-peer-urls",
                member.PeerUrl(), "--initial-advertise-peer-urls", member.PeerUrl(),
                "--listen-client-urls", member.ClientUrl(), "--advertise-client-urls",
                member.ClientUrl(), "--initial-cluster", "a=" + a_.PeerUrl() + ",b=" + b_.PeerUrl(),
                "--initial-cluster-state", state, "--logger", "zap"});
        spec.pid_file = directory_ / (member.name + ".pid");
        return spec;
    }
    std::string Ctl(const std::string& arguments) const {
        return Output("ETCDCTL_API=3 etcdctl --endpoints=" + a_.ClientUrl() + " " + arguments +
                      " 2>&1");
    }
    // Two members, both published; the exit of b is the one that is told.
    void StartBoth() {
        auto first = Child::spawn(io_, Start(a_, "new"), [](const ChildExit&) {});
        ASSERT_TRUE(first) << first.error().what;
        first_ = std::move(*first);
        second_ = Spawn(Start(b_, "new"));
        ASSERT_TRUE(AwaitOutput(*first_, "published local member to cluster through raft") &&
                    AwaitOutput(*second_, "published local member to cluster through raft"));
    }

    Member a_{"a"};
    Member b_{"b"};
    std::unique_ptr<Child> first_;
    std::unique_ptr<Child> second_;
};

TEST_F(Etcd, AnUnknownFlagIsBadArguments) {
    const ChildExit exit = Run(Of("/usr/bin/etcd", {"--nonsense"}));
    EXPECT_EQ(exit.exit_class, ExitClass::bad_arguments) << exit.last_line;
    EXPECT_EQ(exit.status, 2);
}

TEST_F(Etcd, ADirectoryThatCannotBeMadeIsRefusedByTheDisk) {
    const std::string peers = "http://127.0.0.1:" + std::to_string(test::free_port());
    const std::string clients = "http://127.0.0.1:" + std::to_string(test::free_port());
    const ChildExit exit =
        Run(Of("/usr/bin/etcd",
               {"--data-dir", "/proc/nowhere", "--listen-peer-urls", peers,
                "--initial-advertise-peer-urls", peers, "--initial-cluster", "default=" + peers,
                "--listen-client-urls", clients, "--advertise-client-urls", clients}));
    EXPECT_EQ(exit.exit_class, ExitClass::disk_refused) << exit.last_line;
}

TEST_F(Etcd, WipedAndStartedAsNewIsAlreadyBootstrapped) {
    StartBoth();
    EXPECT_TRUE(second_->signal(SIGKILL));
    EXPECT_EQ(AwaitExit().exit_class, ExitClass::killed);
    fs::remove_all(directory_ / "b");
    second_ = Spawn(Start(b_, "new"));
    const ChildExit exit = AwaitExit();
    EXPECT_EQ(exit.exit_class, ExitClass::already_bootstrapped) << exit.last_line;
}

TEST_F(Etcd, ARemovedMemberSaysSo) {
    StartBoth();
    const std::string members = Ctl("member list");
    const auto name = members.find(", b, ");
    ASSERT_NE(name, std::string::npos) << members;
    const auto line = members.rfind('\n', name) + 1;  // npos + 1 is the start
    // etcd refuses while the peers have not been connected for long enough.
    std::string removed;
    EXPECT_TRUE(Await([&] {
        removed = Ctl("member remove " + members.substr(line, members.find(',', line) - line));
        return removed.find("removed from cluster") != std::string::npos;
    })) << removed;
    const ChildExit exit = AwaitExit();
    EXPECT_EQ(exit.exit_class, ExitClass::removed) << exit.last_line;
}

TEST_F(Etcd, AskedToStopItStopsInOrder) {
    StartBoth();
    EXPECT_TRUE(second_->signal(SIGTERM));
    EXPECT_EQ(AwaitExit().exit_class, ExitClass::stopped);
}

// An agent that is killed: starts a child, tells its pid, waits.
int RunParent(const char* pid_file) {
    boost::asio::io_context io;
    const auto child = Child::spawn(io,
                                    Spec{.program = "/bin/sleep",
                                         .arguments = {"1000"},
                                         .environment = {},
                                         .log = {},
                                         .pid_file = pid_file},
                                    [](const ChildExit&) {});
    if (!child) return 1;
    const pid_t pid = (*child)->pid();
    if (::write(STDOUT_FILENO, &pid, sizeof pid) != ssize_t{sizeof pid}) return 1;
    io.run();
    return 0;
}

}  // namespace
}  // namespace quorate::process

int main(int argc, char** argv) {
    if (argc == 3 && std::string(argv[1]) == "--parent")
        return quorate::process::RunParent(argv[2]);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
