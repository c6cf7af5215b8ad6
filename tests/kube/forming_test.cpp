// A release that is installed becomes a cluster, once, whatever order its pods come in.
#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

struct Forming : Lifecycle {
    // In order, the first one founds alone: the others are made when it is ready.
    void is_one_cluster_that_serves(const std::string& policy, std::size_t founders) {
        form({.replicas = 3, .policy = policy});
        expect_epoch_one();
        EXPECT_EQ(cluster().record().founders.size(), founders);
        for (const int i : {0, 1, 2})
            EXPECT_EQ(cluster().restarts(i), 0) << i;
        // As a person in the pod.
        Words in_pod{"exec",     "q-0",
                     "--",       "etcdctl",
                     "--cacert", "/data/pki/etcd/ca.crt",
                     "--cert",   "/data/pki/etcd/client.crt",
                     "--key",    "/data/pki/etcd/client.key"};
        Words listing = in_pod;
        listing.insert(listing.end(), {"member", "list"});
        const std::string members = cluster().must_kubectl(listing);
        for (const char* name : {"q-0", "q-1", "q-2"})
            EXPECT_NE(members.find(name), std::string::npos) << members;
    }
};

TEST_F(Forming, ThreeReplicasFormInParallel) { is_one_cluster_that_serves("Parallel", 3); }

TEST_F(Forming, ThreeReplicasFormInOrder) { is_one_cluster_that_serves("OrderedReady", 1); }

TEST_F(Forming, AReleaseInstalledAgainOverItsClaimsGoesOn) {
    form();
    const Words ids = cluster().member_ids(3);
    const Lineage lineage = cluster().record().lineage;
    cluster().uninstall();
    cluster().install();
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    EXPECT_EQ(cluster().record().lineage, lineage);
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
