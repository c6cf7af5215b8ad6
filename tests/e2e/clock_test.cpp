// A wall clock that jumps under running agents is told of and changes nothing (etcd facts 16.28).
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <fstream>

#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
namespace {

struct Clock : Lifecycle {
    Clock() : shift_s_(fs::temp_directory_path() / name()) {}
    void SetUp() override {
        Lifecycle::SetUp();
        std::ofstream(shift_s_, std::ios::binary) << std::string(sizeof(std::int64_t), '\0');
    }
    void TearDown() override {
        Lifecycle::TearDown();
        fs::remove(shift_s_);
    }

    // In place: whoever runs with it has mapped the file.
    void shift(std::chrono::seconds by) {
        const std::int64_t seconds = by.count();
        std::fstream file(shift_s_, std::ios::binary | std::ios::in | std::ios::out);
        file.write(reinterpret_cast<const char*>(&seconds), sizeof(seconds));
        ASSERT_TRUE(file.flush());
    }

    // etcd is linked statically: only quorate's own processes see it.
    Cluster::Words with_shifted_clock(const Cluster::Words& up) const {
        Cluster::Words words = {"env", "LD_PRELOAD=" QUORATE_SHIFTED_CLOCK,
                                "QUORATE_SHIFTED_BY=" + shift_s_.string()};
        words.insert(words.end(), up.begin(), up.end());
        return words;
    }

    void await_told(const std::string& jump) {
        cluster().await("word of " + jump, [&] {
            for (const std::uint32_t replica : {0U, 1U, 2U}) {
                const fs::path log = cluster().layout().log(Ordinal{replica}) / "agent.log";
                if (text_of(log).find("clock jumped by " + jump) == std::string::npos) return false;
            }
            return true;
        });
    }

  private:
    static std::string name() { return "quorate-e2e-clock-" + std::to_string(::getpid()); }

    fs::path shift_s_;
};

TEST_F(Clock, AJumpIsToldAndChangesNothing) {
    form({.replicas = 3,
          .policy = "parallel",
          .set = {"unresponsive_after=60s"},
          .run_by = [this](Cluster::Words up) { return with_shifted_clock(up); }});
    const auto ids = cluster().member_ids(3);
    const std::vector<pid_t> agents = {cluster().agent_pid(0), cluster().agent_pid(1),
                                       cluster().agent_pid(2)};
    shift(24h);
    await_told("86");
    EXPECT_TRUE(writer().goes_on());
    shift(-1h);
    await_told("-");
    EXPECT_TRUE(writer().goes_on());
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    for (const int replica : {0, 1, 2}) {
        EXPECT_TRUE(alive(agents[static_cast<std::size_t>(replica)]));
        EXPECT_TRUE(cluster().set_aside(replica).empty());
    }
}

}  // namespace
}  // namespace quorate::e2e
