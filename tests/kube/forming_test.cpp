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

// A volume of its own size, as a claim of a real storage class has it.
TEST_F(Forming, TheQuotaOfASmallVolumeLeavesRoomOnIt) {
    const std::string persistence = "controlPlane.statefulSet.persistence.";
    const std::string volume = persistence + "dataVolume[0].";
    form({.replicas = 1,
          .set = {persistence + "volumeClaim.enabled=false", volume + "name=data",
                  volume + "emptyDir.medium=Memory", volume + "emptyDir.sizeLimit=1Gi"}});
    const std::string flag = "--quota-backend-bytes=268435456";
    EXPECT_NE(cluster().logs(0).find(flag + " instead of etcd's default of 2048 MiB"),
              std::string::npos);
    EXPECT_NE(lab({"node-run", cluster().node_of(0), "ps", "-eo", "args"}).find(flag),
              std::string::npos)
        << "etcd was told, too";
}

// The name is the cluster: of its objects, its claims and its record there is one set.
TEST_F(Forming, ASecondReleaseOfTheSameNameIsRefused) {
    form({.replicas = 1});
    const Words ids = cluster().member_ids(1);
    std::string refusal;
    try {
        cluster().install();
    } catch (const std::exception& error) {
        refusal = error.what();
    }
    EXPECT_NE(refusal.find("cannot re-use a name that is still in use"), std::string::npos)
        << refusal;
    cluster().await_steady(1);
    EXPECT_EQ(cluster().member_ids(1), ids);
    EXPECT_EQ(cluster().restarts(0), 0);
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
