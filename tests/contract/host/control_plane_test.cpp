// The program beside etcd, with shells in its place: when it is started, how it is stopped, and
// that it is started again.
#include "adapters/host/control_plane.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>

namespace quorate::host {
namespace {

namespace fs = std::filesystem;

constexpr auto patience = std::chrono::seconds(120);  // only a hang reaches it

struct ControlPlaneTest : testing::Test {
    ControlPlaneTest() {
        std::string name = "/tmp/quorate-control-plane-XXXXXX";
        dir = ::mkdtemp(name.data());
    }
    ~ControlPlaneTest() override {
        control_plane.reset();
        std::error_code ignored;
        fs::remove_all(dir, ignored);
    }

    ControlPlaneSpec shell(const std::string& script) const {
        ControlPlaneSpec spec;
        spec.program = "/bin/sh";
        spec.arguments = {"-c", script};
        spec.environment = {"PATH=/usr/bin:/bin", "OUT=" + out().string()};
        spec.backoff = {milliseconds(10), milliseconds(40)};
        spec.grace = hours(1);
        return spec;
    }
    void make(ControlPlaneSpec spec) {
        control_plane.emplace(
            loop, std::move(spec),
            ControlPlane::Hooks{
                [this](log::Level, const std::string& line) { lines += line + "\n"; }, [] {}});
    }
    void start(ControlPlaneSpec spec) {
        make(std::move(spec));
        control_plane->etcd_is(EtcdUse::usable);
    }

    template <class Condition>
    bool await(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            loop.restart();
            loop.run_for(std::chrono::milliseconds(20));
        }
        return true;
    }
    bool await_words(std::size_t count) {
        return await([&] { return words().size() >= count; });
    }

    fs::path out() const { return dir / "out"; }
    std::vector<std::string> words() const {
        std::ifstream file(out());
        return {std::istream_iterator<std::string>(file), {}};
    }
    static bool exists(const std::string& pid) { return ::kill(std::stoi(pid), 0) == 0; }

    fs::path dir;
    boost::asio::io_context loop;
    std::string lines;
    std::optional<ControlPlane> control_plane;
};

// Says its pid, and then stays.
constexpr const char* stays = "echo $$ >> $OUT; exec sleep 1000";
// Ends in order when asked to, and says so.
constexpr const char* ends_in_order =
    "trap 'echo bye >> $OUT; exit 0' TERM; echo $$ >> $OUT; while :; do sleep 0.02; done";

TEST_F(ControlPlaneTest, IsNotStartedUntilEtcdIsUsable) {
    make(shell(stays));
    control_plane->etcd_is(EtcdUse::not_usable);
    EXPECT_FALSE(control_plane->running());
    control_plane->etcd_is(EtcdUse::usable);
    EXPECT_TRUE(control_plane->running());
    EXPECT_TRUE(await_words(1));
}

TEST_F(ControlPlaneTest, IsLeftAloneWhileEtcdIsAway) {
    start(shell(stays));
    ASSERT_TRUE(await_words(1));
    control_plane->etcd_is(EtcdUse::not_usable);
    control_plane->etcd_is(EtcdUse::usable);
    EXPECT_TRUE(control_plane->running());
    EXPECT_TRUE(exists(words().front()));
    EXPECT_EQ(control_plane->report(),
              (ControlPlaneReport{true, std::stoi(words().front()), 0, ""}));
}

TEST_F(ControlPlaneTest, ThatEndedByItselfIsStartedAgainToldAndCounted) {
    start(shell("echo $$ >> $OUT; exit 3"));
    ASSERT_TRUE(await_words(3));
    EXPECT_GE(control_plane->exits(), 2U);
    EXPECT_NE(lines.find("control plane: ended by itself, exit status 3; started again in"),
              std::string::npos)
        << lines;
    EXPECT_EQ(control_plane->report().last_exit, "ended by itself, exit status 3");
}

TEST_F(ControlPlaneTest, ThatEndedWhileEtcdIsAwayWaitsForIt) {
    start(shell(stays));
    ASSERT_TRUE(await_words(1));
    control_plane->etcd_is(EtcdUse::not_usable);
    ::kill(std::stoi(words().front()), SIGKILL);
    ASSERT_TRUE(await([&] { return control_plane->exits() == 1; }));
    // Longer than the longest pause, which is when it would be started.
    boost::asio::steady_timer later(loop, std::chrono::milliseconds(200));
    bool passed = false;
    later.async_wait([&](const boost::system::error_code&) { passed = true; });
    ASSERT_TRUE(await([&] { return passed; }));
    EXPECT_FALSE(control_plane->running());
    control_plane->etcd_is(EtcdUse::usable);
    EXPECT_TRUE(await_words(2));
}

TEST_F(ControlPlaneTest, ThatCannotBeStartedIsTriedAgain) {
    ControlPlaneSpec spec = shell("");
    spec.program = dir / "missing";
    start(spec);
    EXPECT_TRUE(await([&] { return control_plane->exits() >= 2; }));
    EXPECT_NE(lines.find("missing: cannot run: No such file or directory; started again"),
              std::string::npos)
        << lines;
}

TEST_F(ControlPlaneTest, IsAwayWhenItsStopIsTold) {
    start(shell(ends_in_order));
    ASSERT_TRUE(await_words(1));
    std::vector<std::string> words_then;
    bool existed_then = true;
    bool told = false;
    control_plane->stop([&] {
        words_then = words();
        existed_then = exists(words_then.front());
        told = true;
    });
    EXPECT_FALSE(control_plane->running()) << "it is on its way out";
    ASSERT_TRUE(await([&] { return told; }));
    EXPECT_EQ(words_then.back(), "bye");
    EXPECT_FALSE(existed_then);
    EXPECT_EQ(control_plane->exits(), 0U);
}

TEST_F(ControlPlaneTest, ThatDoesNotRunIsStoppedAtOnce) {
    make(shell(stays));
    bool told = false;
    control_plane->stop([&] { told = true; });
    EXPECT_TRUE(told);
}

TEST_F(ControlPlaneTest, AskedTwiceToStopItAnswersBoth) {
    start(shell(ends_in_order));
    ASSERT_TRUE(await_words(1));
    int told = 0;
    control_plane->stop([&] { ++told; });
    control_plane->stop([&] { ++told; });
    EXPECT_TRUE(await([&] { return told == 2; }));
}

TEST_F(ControlPlaneTest, ThatDoesNotStopIsKilledAfterItsGraceWithAllItStarted) {
    ControlPlaneSpec spec =
        shell("trap '' TERM; sleep 1000 & echo $! >> $OUT; while :; do sleep 0.02; done");
    spec.grace = milliseconds(50);
    start(spec);
    ASSERT_TRUE(await_words(1));
    bool told = false;
    control_plane->stop([&] { told = true; });
    ASSERT_TRUE(await([&] { return told; }));
    EXPECT_TRUE(await([&] { return !exists(words().front()); }));
    EXPECT_NE(lines.find("killed"), std::string::npos) << lines;
}

TEST_F(ControlPlaneTest, ThatWasStoppedIsStartedWhenEtcdIsUsableAgain) {
    start(shell(ends_in_order));
    ASSERT_TRUE(await_words(1));
    bool told = false;
    control_plane->stop([&] { told = true; });
    ASSERT_TRUE(await([&] { return told; }));
    EXPECT_FALSE(control_plane->running());
    control_plane->etcd_is(EtcdUse::usable);
    EXPECT_TRUE(control_plane->running());
}

TEST_F(ControlPlaneTest, ThatLeftIsNeverStartedAgain) {
    start(shell(ends_in_order));
    ASSERT_TRUE(await_words(1));
    bool told = false;
    control_plane->leave([&] { told = true; });
    control_plane->etcd_is(EtcdUse::usable);
    ASSERT_TRUE(await([&] { return told; }));
    control_plane->etcd_is(EtcdUse::usable);
    EXPECT_FALSE(control_plane->running());
}

TEST_F(ControlPlaneTest, GetsTheSignalsThatArePassedOn) {
    start(
        shell("for s in HUP USR1 USR2; do trap \"echo $s >> $OUT\" $s; done; echo ready >> $OUT; "
              "while :; do sleep 0.02; done"));
    ASSERT_TRUE(await_words(1));
    std::size_t seen = 1;
    for (const auto& [number, name] :
         {std::pair(SIGHUP, "HUP"), std::pair(SIGUSR1, "USR1"), std::pair(SIGUSR2, "USR2")}) {
        control_plane->signal(number);
        ASSERT_TRUE(await_words(++seen)) << name;
        EXPECT_EQ(words().back(), name);
    }
    EXPECT_EQ(control_plane->exits(), 0U);
}

TEST_F(ControlPlaneTest, HasExactlyTheEnvironmentItWasGiven) {
    ::setenv("QUORATE_SECRET", "not for it", 1);
    start(shell("env > $OUT.new; mv $OUT.new $OUT; exec sleep 1000"));
    ASSERT_TRUE(await_words(1));
    ::unsetenv("QUORATE_SECRET");
    std::vector<std::string> names;
    for (const std::string& word : words())
        names.push_back(word.substr(0, word.find('=')));
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"OUT", "PATH", "PWD"})) << "the shell adds PWD";
}

}  // namespace
}  // namespace quorate::host
