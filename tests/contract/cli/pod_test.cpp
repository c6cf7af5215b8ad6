// `quorate run --config` as the first process of a container: in process and mount namespaces of
// its own, where a service account's files lie, and an API server that nobody runs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/local/pki.hpp"
#include "tests/e2e/support/run.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

constexpr int usage = 2;

struct Pod : testing::Test {
    Pod() {
        std::string path = "/tmp/quorate-pod-XXXXXX";
        root = ::mkdtemp(path.data());
        EXPECT_TRUE(local::ensure_pki(root / "pki", {"localhost"}));
    }
    ~Pod() override {
        std::error_code ignored;
        fs::remove_all(root, ignored);
    }

    fs::path file(const std::string& name, const std::string& text) const {
        std::ofstream(root / name) << text;
        return root / name;
    }
    fs::path config(const std::string& more = "") const {
        return file("vcluster.yaml",
                    "controlPlane: {backingStore: {etcd: {embedded: {enabled: true}}}}\n" + more);
    }
    static std::vector<std::string> quorate(std::vector<std::string> words) {
        const char* given = std::getenv("QUORATE_BINARY");
        words.insert(words.begin(), {given == nullptr ? "quorate" : given, "run"});
        return words;
    }
    // The first process of its own.
    std::vector<std::string> in_container(const std::vector<std::string>& command) const {
        const std::string account = "/run/secrets/kubernetes.io/serviceaccount";
        std::vector<std::string> words{
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child=KILL",
            "/bin/sh",
            "-c",
            "mount -t tmpfs none /run && mkdir -p " + account + " && cd " + account +
                " && echo ns > namespace && echo token > token && cp " +
                (root / "pki/ca.crt").string() + " . && cd / && exec \"$@\"",
            "sh",
            "env",
            "POD_NAME=q-0",
            "POD_NAMESPACE=ns",
            "QUORATE_SERVICE=q-headless",
            "KUBERNETES_SERVICE_HOST=127.0.0.1",
            "KUBERNETES_SERVICE_PORT=1"};
        words.insert(words.end(), command.begin(), command.end());
        return words;
    }
    static bool namespaces_can_be_made() {
        return run({"unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c",
                    "mount -t tmpfs none /run"})
                   .status == 0;
    }
    static pid_t child_of(pid_t pid) {
        pid_t child = 0;
        std::istringstream(text_of("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) +
                                   "/children")) >>
            child;
        return child;
    }

    fs::path root;
};

TEST_F(Pod, ThatWaitsForTheApiServerEndsAtOnceWhenAsked) {
    if (!namespaces_can_be_made()) GTEST_SKIP() << "namespaces cannot be made here";
    for (const int number : {SIGTERM, SIGINT}) {
        const fs::path log = root / ("log-" + std::to_string(number));
        const pid_t outer = spawn(in_container(quorate({"--config", config()})), log);
        ASSERT_TRUE(eventually([&] {
            return text_of(log).find("asking again") != std::string::npos;
        })) << text_of(log);
        const pid_t first = child_of(outer);
        ASSERT_GT(first, 0);
        ::kill(first, number);
        EXPECT_TRUE(eventually([&] { return !alive(outer); })) << "it goes on waiting";
        ::kill(outer, SIGKILL);
        EXPECT_EQ(await_exit(outer), 0) << text_of(log);
    }
}

TEST_F(Pod, SignalsForAControlPlaneEndNothing) {
    if (!namespaces_can_be_made()) GTEST_SKIP() << "namespaces cannot be made here";
    const fs::path log = root / "log";
    const pid_t outer = spawn(in_container(quorate({"--config", config()})), log);
    const auto asked = [&] { return text_of(log).find("asking again") != std::string::npos; };
    EXPECT_TRUE(eventually(asked)) << text_of(log);
    const pid_t first = child_of(outer);
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2})
        ::kill(first, number);
    // In this order they are taken: whatever the others did is done by then.
    ::kill(first, SIGTERM);
    EXPECT_EQ(await_exit(outer), 0) << text_of(log);
}

TEST_F(Pod, ACommandInTheFileAndOnTheCommandLineIsRefused) {
    const Ran ran = run(quorate(
        {"--config", config("quorate: {controlPlane: {command: [/bin/true]}}\n"), "--", "true"}));
    EXPECT_EQ(ran.status, usage);
    EXPECT_NE(ran.err.find("quorate.controlPlane.command: another command stands behind --; leave "
                           "out one"),
              std::string::npos)
        << ran.err;
}

TEST_F(Pod, AControlPlaneThatIsNoProgramIsRefused) {
    for (const std::string command : {"no-such-program", "/etc/passwd", "/etc"}) {
        const Ran ran = run(quorate({"--config", config(), "--", command, "--port=1"}));
        EXPECT_EQ(ran.status, usage) << command;
        EXPECT_NE(ran.err.find(command + ": the control plane is no program of this image"),
                  std::string::npos)
            << ran.err;
    }
}

TEST_F(Pod, AControlPlaneIsForPodsAlone) {
    EXPECT_EQ(run(quorate({"--ordinal", "0", "--", "true"})).status, usage);
}

}  // namespace
}  // namespace quorate::e2e
