// The built program, given what it must refuse: one line that names the cause and the next step, a
// documented exit code, and nothing changed. And the two that are accepted, to see that refusals
// are not the rule.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "adapters/local/layout.hpp"
#include "tests/e2e/support/ports.hpp"
#include "tests/e2e/support/run.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

constexpr int usage = 2;
constexpr int unreachable = 3;
constexpr int journal = 6;

std::string binary() {
    const char* given = std::getenv("QUORATE_BINARY");
    return given == nullptr ? "quorate" : given;
}

struct BadInput : testing::Test {
    BadInput() {
        std::string path = "/tmp/quorate-cli-XXXXXX";
        root = ::mkdtemp(path.data());
        dir = root / "data";
    }
    ~BadInput() override {
        if (up > 0) {
            ::kill(up, SIGKILL);
            await_exit(up);
        }
        for (const pid_t pid : processes_about(root.string()))
            ::kill(pid, SIGKILL);
        EXPECT_TRUE(eventually([&] { return processes_about(root.string()).empty(); }));
        fs::remove_all(root);
    }

    Ran quorate(std::vector<std::string> words) {
        words.insert(words.begin(), binary());
        return run(words);
    }
    // `up` on a directory and ports of this test.
    std::vector<std::string> up_words(std::vector<std::string> more) {
        std::vector<std::string> words = {"up", "--dir", dir, "--replicas", "1"};
        if (std::find(more.begin(), more.end(), "--port-base") == more.end())
            more.insert(more.end(), {"--port-base", std::to_string(ports.base())});
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    Ran try_up(std::vector<std::string> more) { return quorate(up_words(std::move(more))); }

    // One line of ours that has all of these words in it, and the code.
    void refused(const Ran& ran, int code, const std::vector<std::string>& words) {
        EXPECT_EQ(ran.status, code) << ran.err;
        EXPECT_TRUE(ran.err.starts_with("quorate: ")) << ran.err;
        EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
        for (const std::string& word : words)
            EXPECT_NE(ran.err.find(word), std::string::npos) << word << "\n" << ran.err;
    }
    void nothing_was_made() { EXPECT_FALSE(fs::exists(dir)); }

    fs::path script(const std::string& text) {
        const fs::path file = root / "etcd";
        std::ofstream(file) << "#!/bin/sh\n" << text << "\n";
        ::chmod(file.c_str(), 0755);
        return file;
    }

    // An `up` that has started.
    void start() {
        std::vector<std::string> words = up_words({"--no-tls"});
        words.insert(words.begin(), binary());
        up = spawn(words, root / "log");
        ASSERT_TRUE(eventually([&] {
            return quorate({"status", "--dir", dir}).status == 0;
        })) << text_of(root / "log");
    }

    Ports ports;
    fs::path root;
    fs::path dir;
    pid_t up = 0;
};

TEST_F(BadInput, AnUnknownFlagIsNamed) {
    refused(try_up({"--repicas", "3"}), usage, {"--repicas", "up --help"});
    nothing_was_made();
    refused(quorate({"sttus"}), usage, {"sttus", "status"});
    refused(quorate({"journal", "lst"}), usage, {"lst", "list"});
    refused(quorate({}), usage, {"--help"});
}

TEST_F(BadInput, AnUnknownKeyIsNamedWithTheNearest) {
    refused(try_up({"--set", "probe_perod=1s"}), usage, {"--set", "probe_perod", "probe_period"});
    nothing_was_made();
}

TEST_F(BadInput, ABadValueIsNamed) {
    refused(try_up({"--set", "probe_period=fast"}), usage, {"probe_period", "fast", "200ms"});
    refused(try_up({"--set", "probe_period"}), usage, {"KEY=VALUE"});
    refused(try_up({"--set", "restart_backoff_min=1h"}), usage, {"restart_backoff_max"});
    refused(try_up({"--set", "etcd_arguments=--data-dir=/x"}), usage,
            {"etcd_arguments", "data-dir"});
    nothing_was_made();
}

TEST_F(BadInput, AFaultInQuorateYamlIsNamedWithItsLine) {
    fs::create_directories(dir);
    std::ofstream(dir / "quorate.yaml") << "probe_period: 1s\nstop_grase: 1s\n";
    refused(try_up({}), usage, {"quorate.yaml:2", "stop_grase", "stop_grace"});
    EXPECT_EQ(std::distance(fs::directory_iterator(dir), {}), 1);
}

TEST_F(BadInput, ImpossibleReplicaCountsAreRefused) {
    for (const char* count : {"-1", "10", "1000000"})
        refused(quorate({"up", "--dir", dir, "--replicas", count}), usage, {"0 to 9", count});
    refused(quorate({"up", "--dir", dir, "--replicas", "three"}), usage, {"three"});
    refused(quorate({"up", "--dir", dir, "--replicas", "2.5"}), usage, {"2.5"});
    nothing_was_made();
}

TEST_F(BadInput, APolicyThatIsNoneIsNamed) {
    refused(try_up({"--policy", "serial"}), usage, {"--policy", "serial", "ordered"});
    nothing_was_made();
}

TEST_F(BadInput, APortBaseWithoutRoomIsRefused) {
    refused(try_up({"--port-base", "65530"}), usage, {"--port-base", "65530"});
    refused(try_up({"--port-base", "0"}), usage, {"--port-base"});
    nothing_was_made();
}

int listen_at(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int one = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd, 1), 0);
    return fd;
}

TEST_F(BadInput, APortInUseIsNamedWithItsProcess) {
    const local::Ports of_0 = local::ports_of(ports.base(), Ordinal{0});
    const std::string us = "(pid " + std::to_string(::getpid()) + ")";
    const int peer = listen_at(of_0.peer);
    refused(try_up({}), usage, {std::to_string(of_0.peer), us, "--port-base"});
    ::close(peer);
    // Needed only where agents meet by TCP.
    const int agent = listen_at(of_0.agent);
    refused(try_up({"--set", "peers_over=tcp"}), usage,
            {std::to_string(of_0.agent), us, "--port-base"});
    ::close(agent);
    nothing_was_made();
}

TEST_F(BadInput, ADirectoryOfAnotherProgramIsRefused) {
    fs::create_directories(dir);
    std::ofstream(dir / "precious") << "x";
    refused(try_up({}), usage, {dir, "precious", "--dir"});
    EXPECT_EQ(std::distance(fs::directory_iterator(dir), {}), 1);
}

TEST_F(BadInput, TheDataDirectoryOfAnEtcdIsRefused) {
    fs::create_directories(dir / "member" / "wal");
    refused(try_up({}), usage, {dir, "etcd", "--dir"});
    EXPECT_EQ(std::distance(fs::directory_iterator(dir), {}), 1);
}

TEST_F(BadInput, AFileInPlaceOfTheDirectoryIsRefused) {
    std::ofstream(root / "file") << "x";
    dir = root / "file";
    refused(try_up({}), usage, {"file", "not a directory", "--dir"});
    dir = root / "file" / "below";
    refused(try_up({}), usage, {"file", "not a directory", "--dir"});
}

TEST_F(BadInput, ADirectoryThatCannotBeMadeIsRefused) {
    // Nobody makes directories there, root neither.
    const std::string nowhere = "/proc/quorate-data";
    refused(quorate({"up", "--dir", nowhere, "--replicas", "0"}), usage, {nowhere, "--dir"});
}

TEST_F(BadInput, AFullDiskIsToldInFigures) {
    dir = "/proc/quorate-data";  // a file system without room
    refused(try_up({}), usage, {"/proc", "full", "MiB", "--dir"});
}

TEST_F(BadInput, AnEtcdThatIsNotThereIsNamed) {
    refused(try_up({"--etcd", "/nowhere/etcd"}), usage, {"/nowhere/etcd", "--etcd"});
    refused(try_up({"--etcd", root}), usage, {root, "directory"});
    nothing_was_made();
}

TEST_F(BadInput, AnEtcdThatCannotRunIsNamed) {
    const fs::path file = root / "etcd";
    std::ofstream(file) << "not a program";
    refused(try_up({"--etcd", file}), usage, {file, "not executable"});
    ::chmod(file.c_str(), 0755);
    refused(try_up({"--etcd", file}), usage, {file, "--etcd"});
    refused(try_up({"--etcd", script("exit 1")}), usage, {file, "not an etcd"});
    refused(try_up({"--etcd", "/bin/true"}), usage, {"/bin/true", "not an etcd"});
    nothing_was_made();
}

TEST_F(BadInput, AnEtcdBelowTheFloorIsRefusedWithTheReason) {
    refused(try_up({"--etcd", script("echo 'etcd Version: 3.4.20'")}), usage,
            {"3.4.20", "older than 3.4.21"});
    refused(try_up({"--etcd", script("echo 'etcd Version: 3.5.2'")}), usage,
            {"3.5.2", "diverge", "3.5.6"});
    nothing_was_made();
}

TEST_F(BadInput, NoEtcdInPathIsSaid) {
    const Ran ran = run({"/usr/bin/env", "PATH=/nowhere", binary(), "up", "--dir", dir,
                         "--port-base", std::to_string(ports.base())});
    refused(ran, usage, {"PATH", "etcd-server", "--etcd"});
    nothing_was_made();
}

TEST_F(BadInput, ADirectoryInUseIsNamedWithItsUp) {
    start();
    refused(try_up({}), usage, {dir, "(pid " + std::to_string(up) + ")", "quorate down"});
    refused(quorate({"scale", "10", "--dir", dir}), usage, {"0 to 9", "10"});
    refused(quorate({"scale", "-1", "--dir", dir}), usage, {"-1"});
    refused(quorate({"wait", "--for", "peace", "--dir", dir}), usage, {"--for", "peace"});
    refused(quorate({"wait", "--for", "steady", "--timeout", "soon", "--dir", dir}), usage,
            {"--timeout", "soon"});
    EXPECT_EQ(quorate({"status", "--dir", dir}).status, 0);
}

TEST_F(BadInput, AnotherClustersPortsAndTlsAreRefused) {
    start();
    EXPECT_EQ(quorate({"down", "--dir", dir}).status, 0);
    EXPECT_EQ(await_exit(up), 0);
    up = 0;
    refused(try_up({"--port-base", "4000"}), usage, {"4000", std::to_string(ports.base())});
    refused(quorate({"status", "--dir", dir}), unreachable, {dir, "quorate up"});
    refused(quorate({"scale", "1", "--dir", dir}), unreachable, {dir, "quorate up"});
    refused(quorate({"wait", "--for", "steady", "--dir", dir}), unreachable, {dir});
    EXPECT_EQ(quorate({"down", "--dir", dir}).status, 0);
}

TEST_F(BadInput, VerbsOnADirectoryWithoutAClusterSayHowToMakeOne) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"status"},
                                                  {"down"},
                                                  {"scale", "3"},
                                                  {"explain"},
                                                  {"wait", "--for", "steady"},
                                                  {"recover", "plan"},
                                                  {"recover", "apply", "--token", "t"}}) {
        std::vector<std::string> all = words;
        all.insert(all.end(), {"--dir", dir});
        refused(quorate(all), usage, {dir, "quorate up"});
    }
    refused(quorate({"run", "--ordinal", "0", "--dir", dir}), usage, {dir, "quorate up"});
    refused(quorate({"run", "--ordinal", "12", "--dir", dir}), usage, {"--ordinal", "12"});
    nothing_was_made();
}

TEST_F(BadInput, AJournalThatIsNotThereIsNamed) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"replay"},
                                                  {"journal", "verify"},
                                                  {"journal", "list"},
                                                  {"explain", "--journal"}}) {
        std::vector<std::string> all = words;
        all.push_back(root / "none");
        refused(quorate(all), journal, {root / "none"});
    }
    std::ofstream(root / "file") << "not a journal";
    refused(quorate({"replay", root / "file"}), journal, {root / "file"});
}

TEST_F(BadInput, VersionAndHelpAreFine) {
    EXPECT_EQ(quorate({"version"}).status, 0);
    EXPECT_EQ(quorate({"--help"}).status, 0);
    EXPECT_EQ(quorate({"up", "--help"}).status, 0);
}

}  // namespace
}  // namespace quorate::e2e
