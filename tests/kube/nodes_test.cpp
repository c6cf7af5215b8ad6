// Nodes go away and come back, by accident and on purpose.
#include <future>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

// What a case did to the nodes is undone, however it ends: they are everybody's.
struct Nodes : Lifecycle {
    void TearDown() override {
        for (const std::string& node : stopped_)
            lab({"node-start", node});
        for (const std::string& node : cut_)
            lab({"node-heal", node});
        for (const std::string& node : cordoned_)
            kubectl({"uncordon", node});
        Lifecycle::TearDown();
    }
    std::vector<std::string> stopped_;
    std::vector<std::string> cut_;
    std::vector<std::string> cordoned_;
};

TEST_F(Nodes, ALostNodeComesBack) {
    form();
    const Words ids = cluster().member_ids(3);
    const std::string node = cluster().node_of(cluster().leader(3));
    lab({"node-stop", node});
    stopped_ = {node};
    expect_writes_go_on();
    lab({"node-start", node});
    stopped_.clear();
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    expect_epoch_one();
    expect_writes_go_on();
}

TEST_F(Nodes, ANodeThatWasCutOffComesBack) {
    form();
    const Words ids = cluster().member_ids(3);
    const int leader = cluster().leader(3);
    const std::string node = cluster().node_of(leader);
    lab({"node-cut", node});
    cut_ = {node};
    expect_writes_go_on();
    lab({"node-heal", node});
    cut_.clear();
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    expect_epoch_one();
    expect_writes_go_on();
}

// Two nodes are drained at the same time: the budget makes the second wait for the first.
TEST_F(Nodes, ADrainHonoursTheBudget) {
    form();
    const Words ids = cluster().member_ids(3);
    cordoned_ = {cluster().node_of(0), cluster().node_of(1)};
    ASSERT_NE(cordoned_[0], cordoned_[1]) << "replicas prefer different nodes";
    const auto drain = [this](const std::string& node) {
        return kubectl({"drain", node, "--ignore-daemonsets", "--delete-emptydir-data",
                        "--timeout=180s", "--pod-selector=app.kubernetes.io/name=quorate"});
    };
    auto other = std::async(std::launch::async, drain, cordoned_[1]);
    const Ran first = drain(cordoned_[0]);
    const Ran second = other.get();
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_EQ(second.status, 0) << second.err;
    EXPECT_NE((first.err + second.err).find("disruption budget"), std::string::npos)
        << "neither had to wait\n"
        << first.err << second.err;
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids) << "claims follow their pods";
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
