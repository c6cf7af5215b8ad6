// What `quorate up` shows while it runs: members and decisions, on a terminal and elsewhere.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace {

struct LiveView : Lifecycle {
    void await_said(const std::string& text) {
        cluster().await("\"" + text + "\"",
                        [&] { return cluster().said().find(text) != std::string::npos; });
    }
};

TEST_F(LiveView, SaysPlainLinesWhereThereIsNoTerminal) {
    form({.replicas = 1, .policy = "parallel", .set = {}});
    await_said("etcd serves");
    EXPECT_EQ(cluster().said().find('\x1b'), std::string::npos) << cluster().said();
    cluster().kill_etcd(0);
    await_said("etcd ended");
}

// script(1) gives its command a terminal, and writes what is drawn on it to our log.
Cluster::Words on_a_terminal(const Cluster::Words& up) {
    std::string command = "TERM=xterm exec";
    for (const std::string& word : up)
        command += " '" + word + "'";
    return {"script", "--quiet", "--flush", "--return", "--command", command, "/dev/null"};
}

TEST_F(LiveView, DrawsMembersAndDecisionsInPlaceOnATerminal) {
    form({.replicas = 1, .policy = "parallel", .set = {}, .run_by = on_a_terminal});
    const std::string other_screen = "\x1b[?1049h";
    const std::string first_screen = "\x1b[?1049l";
    await_said("leader");
    await_said("tells the record what");
    EXPECT_EQ(cluster().said().rfind(other_screen), cluster().said().find(other_screen));
    EXPECT_EQ(cluster().said().find("\x1b[2J"), std::string::npos) << "a cleared screen flickers";
    EXPECT_EQ(cluster().said().find(first_screen), std::string::npos);
    cluster().stop_all();
    await_said(first_screen);
    cluster().start();
}

}  // namespace
}  // namespace quorate::e2e
