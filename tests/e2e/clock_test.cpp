// A wall clock that jumps under running agents is told of and changes nothing (etcd facts 16.28).
#include <gtest/gtest.h>

#include <unistd.h>

#include "adapters/local/files.hpp"
#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

// Shifts the wall clock of whoever runs with it; Debian's package `libfaketime`.
std::string shifting_library() {
    for (const auto& entry : fs::directory_iterator("/usr/lib")) {
        const fs::path library = entry.path() / "faketime" / "libfaketimeMT.so.1";
        if (fs::exists(library)) return library;
    }
    throw std::runtime_error("libfaketime is not installed");
}

struct Clock : Lifecycle {
    void SetUp() override {
        Lifecycle::SetUp();
        shift("+0");
    }
    void TearDown() override {
        Lifecycle::TearDown();
        fs::remove(file_);
    }
    void shift(const std::string& by) { ASSERT_TRUE(local::replace_file(file_, by)); }

    // etcd is linked statically: only quorate's own processes see it.
    Cluster::Words with_shifted_clock(const Cluster::Words& up) const {
        Cluster::Words words = {"env",
                                "LD_PRELOAD=" + shifting_library(),
                                "FAKETIME_TIMESTAMP_FILE=" + file_.string(),
                                "FAKETIME_NO_CACHE=1",
                                "FAKETIME_DONT_RESET=1",
                                "FAKETIME_DONT_FAKE_MONOTONIC=1"};
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
    fs::path file_ = "/tmp/quorate-e2e-clock-" + std::to_string(::getpid());
};

TEST_F(Clock, AJumpIsToldAndChangesNothing) {
    form({.replicas = 3,
          .policy = "parallel",
          .set = {"unresponsive_after=60s"},
          .run_by = [this](Cluster::Words up) { return with_shifted_clock(up); }});
    const auto ids = cluster().member_ids(3);
    const std::vector<pid_t> agents = {cluster().agent_pid(0), cluster().agent_pid(1),
                                       cluster().agent_pid(2)};
    shift("+1d");
    await_told("86");
    EXPECT_TRUE(writer().goes_on());
    shift("-1h");
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
