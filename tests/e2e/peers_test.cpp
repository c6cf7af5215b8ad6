// Agents that reach each other by TCP, as those of pods do, make the same cluster.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

struct Peers : Lifecycle {
    void await_agent_0_hears_replica_1() {
        const LogIndex now = cluster().client(1)->status(seconds(10)).index;
        cluster().await("a memory of what is written now",
                        [&] { return cluster().remembered(1) > now; });
    }
    bool anybody_was_refused() {
        return std::any_of(std::begin(replicas), std::end(replicas), [&](std::uint32_t replica) {
            const std::string log = text_of(cluster().layout().agent_log(Ordinal{replica}));
            return log.find("a report between agents was refused") != std::string::npos;
        });
    }

    static constexpr std::uint32_t replicas[] = {0, 1, 2};
};

TEST_F(Peers, ByTcpTheyRememberEachOtherThroughADeathAndAWipedVolume) {
    form({.replicas = 3, .policy = "parallel", .set = {"peers_over=tcp"}});
    EXPECT_FALSE(fs::exists(cluster().layout().peer_socket(Ordinal{0})));
    await_agent_0_hears_replica_1();

    const std::string id = cluster().member_id(1);
    const pid_t agent = cluster().agent_pid(1);
    cluster().kill_agent(1);
    cluster().await("another agent", [&] {
        const pid_t now = cluster().agent_pid(1);
        return now != 0 && now != agent;
    });
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_id(1), id) << "it lost nothing";
    await_agent_0_hears_replica_1();

    cluster().while_dead({1}, [&] { fs::remove_all(cluster().volume(1)); });
    cluster().await_replaced(1, id);
    cluster().await_steady(3);
    await_agent_0_hears_replica_1();
    EXPECT_TRUE(writer().goes_on());
    EXPECT_FALSE(anybody_was_refused());
}

}  // namespace
}  // namespace quorate::e2e
