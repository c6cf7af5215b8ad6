// A pod that ends, however it ends, comes back as the member it was.
#include <csignal>
#include <memory>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

struct Restarts : Lifecycle {
    // How often a leader that was asked to end told another etcd to lead.
    std::size_t told_to_lead() {
        std::size_t times = 0;
        for (const int i : {0, 1, 2}) {
            const std::string log = e2e::text_of(cluster().volume(i) / "log/etcd.log");
            for (std::size_t at = 0; (at = log.find("MsgTimeoutNow", at)) != std::string::npos;
                 ++at)
                ++times;
        }
        return times;
    }
    void await_another_pod(int ordinal, const std::string& old_uid) {
        cluster().await("another pod of replica " + std::to_string(ordinal), [&] {
            const std::string uid = cluster().pod_uid(ordinal);
            return !uid.empty() && uid != old_uid;
        });
    }
};

TEST_F(Restarts, ADeletedPodComesBackUnderItsIdentity) {
    form();
    const Words ids = cluster().member_ids(3);
    const int leader = cluster().leader(3);
    for (const int ordinal : {leader, (leader + 1) % 3, (leader + 2) % 3}) {
        const std::size_t before = told_to_lead();
        const bool leads = cluster().leader(3) == ordinal;
        const std::string uid = cluster().pod_uid(ordinal);
        cluster().delete_pod(ordinal);
        await_another_pod(ordinal, uid);
        cluster().await_steady(3);
        expect_writes_go_on();
        if (leads) {
            EXPECT_GT(told_to_lead(), before) << "no election is waited for";
        }
    }
    EXPECT_EQ(cluster().member_ids(3), ids);
    for (const int ordinal : {0, 1, 2})
        EXPECT_TRUE(cluster().set_aside(ordinal).empty()) << ordinal;
    expect_epoch_one();
}

TEST_F(Restarts, AllPodsDeletedAtOnceAreTheSameCluster) {
    form();
    const Words ids = cluster().member_ids(3);
    const Words uids{cluster().pod_uid(0), cluster().pod_uid(1), cluster().pod_uid(2)};
    cluster().must_kubectl({"delete", "pods", "--all", "--wait=false"});
    for (const int ordinal : {0, 1, 2})
        await_another_pod(ordinal, uids[static_cast<std::size_t>(ordinal)]);
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    expect_epoch_one();
    expect_writes_go_on();
}

TEST_F(Restarts, AKilledAgentIsTheSameMember) {
    form();
    const Words ids = cluster().member_ids(3);
    for (const int ordinal : {0, 2}) {
        const int before = cluster().restarts(ordinal);
        const std::string pid =
            lab({"container-pid", cluster().space() + "/q-" + std::to_string(ordinal),
                 cluster().node_of(ordinal)});
        ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0) << pid;
        cluster().await("a restart", [&] { return cluster().restarts(ordinal) > before; });
        cluster().await_steady(3);
        expect_writes_go_on();
    }
    EXPECT_EQ(cluster().member_ids(3), ids);
    expect_epoch_one();
}

// The role goes first, and with it the right to ask what is desired: agents ask for a while, then
// leave as for a restart, long before they would be killed.
TEST_F(Restarts, AgentsOfAReleaseThatIsUninstalledEndInOrder) {
    form();
    writer().stop();
    std::vector<std::unique_ptr<FollowedLog>> logs;
    for (const int i : {0, 1, 2})
        logs.push_back(std::make_unique<FollowedLog>(cluster(), i));
    cluster().uninstall();
    for (const auto& log : logs) {
        const std::string text = log->until_end();
        EXPECT_NE(text.find("etcd has stopped"), std::string::npos) << text;
        EXPECT_NE(text.find("exit: asked to stop"), std::string::npos) << text;
    }
    cluster().install();
    cluster().await_steady(3);
    expect_epoch_one();
}

// Its node is cut off and does not hear that the pod is deleted: two pods of one name and one
// volume live until the cable is back.
TEST_F(Restarts, AForcedDeletionWithTheProcessStillAliveMakesNoTwin) {
    form();
    const Words ids = cluster().member_ids(3);
    const std::string node = cluster().node_of(1);
    const std::string uid = cluster().pod_uid(1);
    const std::string old_process = lab({"container-pid", cluster().space() + "/q-1", node});
    kube_e2e::kubectl({"cordon", node});
    lab({"node-cut", node});
    cluster().delete_pod(1, {"--force", "--grace-period=0"});
    await_another_pod(1, uid);
    cluster().await("the second pod on another node", [&] {
        const std::string now = cluster().node_of(1);
        return !now.empty() && now != node && cluster().restarts(1) >= 0;
    });
    expect_writes_go_on();
    EXPECT_EQ(::kill(std::stoi(old_process), 0), 0) << "the first one lives";
    const auto listed = cluster().client(0)->members(Freshness::linearizable, seconds(10));
    ASSERT_TRUE(std::holds_alternative<MemberList>(listed));
    EXPECT_EQ(std::get<MemberList>(listed).members.size(), 3U);
    EXPECT_EQ(cluster().member_ids(3), ids);
    lab({"node-heal", node});
    kube_e2e::kubectl({"uncordon", node});
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids) << "it is the member that it was";
    EXPECT_TRUE(cluster().set_aside(1).empty());
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
