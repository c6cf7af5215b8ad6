// A whole agent with real etcd and a control plane: a shell that writes to etcd when it begins and
// when it ends, and ends with an error when it cannot.
#include "adapters/host/agent.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <sstream>

#include "adapters/host/file_watch.hpp"
#include "adapters/local/desired.hpp"
#include "adapters/local/store.hpp"
#include "adapters/process/pid_file.hpp"
#include "tests/e2e/support/ports.hpp"
#include "tests/e2e/support/run.hpp"

namespace quorate::host {
namespace {

namespace fs = std::filesystem;
using e2e::eventually;
using e2e::text_of;

constexpr const char* etcd = "/usr/bin/etcd";
constexpr const char* writes_to_etcd =
    "put() { etcdctl --endpoints=$QUORATE_ETCD_ENDPOINT put $1 1 > /dev/null 2>&1; }\n"
    "trap 'put bye && echo stopped >> $OUT; exit 0' TERM\n"
    "trap 'echo HUP >> $OUT' HUP\n"
    "put hello || { echo refused >> $OUT; exit 1; }\n"
    "echo started >> $OUT; echo $$ > $OUT.pid\n"
    "while :; do sleep 0.05; done\n";

std::string page(std::uint16_t port, const std::string& path) {
    const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    std::string text;
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    if (::connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::send(handle, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
        char buffer[4096];
        for (ssize_t size = 0; (size = ::recv(handle, buffer, sizeof buffer, 0)) > 0;)
            text.append(buffer, static_cast<std::size_t>(size));
    }
    ::close(handle);
    return text;
}

struct AgentTest : testing::Test {
    void SetUp() override {
        if (::access(etcd, X_OK) != 0) GTEST_SKIP() << "no etcd";
        std::string name = "/tmp/quorate-agent-XXXXXX";
        layout.emplace(::mkdtemp(name.data()));
        fs::create_directories(layout->cluster());
        ASSERT_TRUE(local::write_desired(layout->desired(), {1, PodManagement::parallel}));
    }
    void TearDown() override {
        if (!layout) return;
        if (agent > 0) {
            ::kill(agent, SIGKILL);
            e2e::await_exit(agent);
        }
        // Of a kill the kernel ends them a moment later.
        eventually([&] { return e2e::processes_about(layout->root()).empty(); });
        fs::remove_all(layout->root());
    }

    AgentConfig config(const std::string& script) const {
        AgentConfig config;
        config.places = places_on_one_machine(*layout, config.self);
        config.network = network_on_one_machine(
            ports.base(), false, config.self, {peer::UnixSocket{layout->peer_socket(config.self)}});
        config.etcd = etcd;
        config.etcd_version = {3, 4, 23};
        config.tls = false;
        config.policy.peers_wait = Span{};
        config.policy.probe_period = milliseconds(100);
        ControlPlaneSpec spec;
        spec.program = "/bin/sh";
        spec.arguments = {"-c", script};
        spec.environment = {"PATH=/usr/bin:/bin", "ETCDCTL_API=3", "OUT=" + out().string(),
                            "QUORATE_ETCD_ENDPOINT=" + config.network.own_client_url};
        spec.grace = hours(1);
        config.control_plane = spec;
        return config;
    }
    // In a process of its own, as it is in a pod; forked while this one has one thread.
    void start(const std::string& script) {
        const AgentConfig with = config(script);
        agent = ::fork();
        if (agent != 0) return;
        auto store = std::make_shared<local::FileStore>(*layout, with.self);
        const auto watch = [&](boost::asio::io_context& loop) {
            return std::make_unique<FileWatch>(loop, store, layout->cluster());
        };
        ::_exit(run_agent(with, {store, watch}));
    }
    int await_exit() { return e2e::await_exit(std::exchange(agent, 0)); }

    fs::path out() const { return layout->root() / "out"; }
    std::string said() const { return text_of(out()); }
    bool await_said(const std::string& text) const {
        return eventually([&] { return said().find(text) != std::string::npos; });
    }
    std::string log() const { return text_of(layout->agent_log(Ordinal{0})); }
    pid_t control_plane_pid() const {
        pid_t pid = 0;
        std::istringstream(text_of(out().string() + ".pid")) >> pid;
        return pid;
    }
    pid_t etcd_pid() const {
        const auto recorded = process::read_pid_file(layout->etcd_pid(Ordinal{0}));
        return recorded ? recorded->pid : 0;
    }
    std::string ready() const {
        return page(local::ports_of(ports.base(), Ordinal{0}).metrics, "/readyz");
    }
    std::string metrics() const {
        return page(local::ports_of(ports.base(), Ordinal{0}).metrics, "/metrics");
    }

    e2e::Ports ports;
    std::optional<local::Layout> layout;
    pid_t agent = 0;
};

TEST_F(AgentTest, AControlPlaneFindsEtcdServingWhenItBeginsAndWhenItEnds) {
    start(writes_to_etcd);
    ASSERT_TRUE(await_said("started\n")) << log();
    ::kill(agent, SIGTERM);
    EXPECT_EQ(await_exit(), 0) << log();
    EXPECT_EQ(said(), "started\nstopped\n") << log();
    EXPECT_NE(log().find("control plane: stopped, exit status 0"), std::string::npos) << log();
    EXPECT_FALSE(e2e::alive(control_plane_pid()));
}

TEST_F(AgentTest, EtcdIsNotTouchedWhenAControlPlaneEndsByItself) {
    start(writes_to_etcd);
    ASSERT_TRUE(await_said("started\n")) << log();
    const pid_t before = etcd_pid();
    ASSERT_GT(before, 0);
    for (const char* all : {"started\nstarted\n", "started\nstarted\nstarted\n"}) {
        const pid_t pid = control_plane_pid();
        ::kill(pid, SIGKILL);
        ASSERT_TRUE(await_said(all)) << log();
        ASSERT_TRUE(eventually([&] { return control_plane_pid() != pid; }));
    }
    EXPECT_EQ(etcd_pid(), before);
    EXPECT_NE(log().find("control plane: ended by itself, signal 9; started again in"),
              std::string::npos);
    EXPECT_NE(metrics().find("quorate_control_plane_exits{replica=\"0\"} 2"), std::string::npos)
        << metrics();
    EXPECT_NE(metrics().find("quorate_etcd_exits{replica=\"0\"} 0"), std::string::npos);
}

TEST_F(AgentTest, AControlPlaneIsLeftAloneWhenEtcdEnds) {
    start(writes_to_etcd);
    ASSERT_TRUE(await_said("started\n")) << log();
    const pid_t pid = control_plane_pid();
    const pid_t before = etcd_pid();
    ::kill(before, SIGKILL);
    ASSERT_TRUE(eventually([&] {
        return etcd_pid() != before && ready().find(" 200 ") != std::string::npos;
    })) << log();
    EXPECT_EQ(said(), "started\n");
    EXPECT_TRUE(e2e::alive(pid));
}

TEST_F(AgentTest, IsReadyOnlyWhileItsControlPlaneRuns) {
    start("[ -e $OUT.may ] || exit 3\n" + std::string(writes_to_etcd));
    ASSERT_TRUE(eventually([&] {
        return ready().find("etcd is ready, the control plane does not run") != std::string::npos;
    })) << log();
    EXPECT_NE(ready().find(" 503 "), std::string::npos);
    std::ignore = ::close(::open((out().string() + ".may").c_str(), O_CREAT | O_WRONLY, 0600));
    EXPECT_TRUE(await_said("started\n")) << log();
    EXPECT_TRUE(eventually([&] { return ready().find(" 200 ") != std::string::npos; })) << log();
}

TEST_F(AgentTest, SignalsThatAreNotForItGoToTheControlPlane) {
    start(writes_to_etcd);
    ASSERT_TRUE(await_said("started\n")) << log();
    ::kill(agent, SIGHUP);
    EXPECT_TRUE(await_said("HUP\n")) << log();
    EXPECT_TRUE(e2e::alive(agent));
}

}  // namespace
}  // namespace quorate::host
