// Members follow spec.replicas, one change at a time, with the claims of those that went retained.
#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

struct Scaling : Lifecycle {
    void scale_and_await(int replicas) {
        cluster().scale(replicas);
        cluster().await_steady(replicas);
        expect_writes_go_on();
        expect_epoch_one();
    }
    void one_three_five_three_one(const std::string& policy) {
        form({.replicas = 1, .policy = policy}, 5);
        for (const int replicas : {3, 5, 3, 1})
            scale_and_await(replicas);
    }
};

TEST_F(Scaling, OneThreeFiveThreeOneInParallel) { one_three_five_three_one("Parallel"); }

TEST_F(Scaling, OneThreeFiveThreeOneInOrder) { one_three_five_three_one("OrderedReady"); }

TEST_F(Scaling, ThreeToOneAtOnceAndBack) {
    form();
    const Words ids = cluster().member_ids(3);
    FollowedLog one(cluster(), 1);
    FollowedLog two(cluster(), 2);
    scale_and_await(1);
    for (FollowedLog* log : {&one, &two}) {
        const std::string text = log->until_end();
        EXPECT_NE(text.find("leaves; membership is as the desired replicas say"), std::string::npos)
            << "it is removed in its grace: " << text;
        EXPECT_NE(text.find("exit: no longer desired"), std::string::npos) << text;
    }
    EXPECT_EQ(cluster().member_id(1), "");
    scale_and_await(3);
    EXPECT_EQ(cluster().member_id(0), ids[0]);
    for (const int i : {1, 2}) {
        EXPECT_NE(cluster().member_id(i), ids.at(static_cast<std::size_t>(i)));
        EXPECT_EQ(cluster().set_aside(i).size(), 1U) << "its claim held a removed member: " << i;
    }
}

TEST_F(Scaling, ThreeToOneAtOnceInOrder) {
    form({.replicas = 3, .policy = "OrderedReady"});
    scale_and_await(1);
}

// Nobody waits for what the number before asked for.
TEST_F(Scaling, ReplicasThatFlapEndAsDesired) {
    form({.replicas = 3}, 1);
    const std::string id = cluster().member_id(0);
    for (const int replicas : {5, 1, 4, 2, 5, 3})
        cluster().scale(replicas);
    scale_and_await(3);
    EXPECT_EQ(cluster().member_id(0), id);
}

TEST_F(Scaling, ToZeroAndBack) {
    form();
    const Words ids = cluster().member_ids(3);
    cluster().scale(0);
    cluster().await_no_pods();
    EXPECT_EQ(cluster().record().replicas.size(), 3U) << "nobody was removed";
    cluster().scale(3);
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
