// Case 1: a cluster is formed once, by the record, under both policies.
#include <filesystem>
#include <stdexcept>

#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

struct Forming : Lifecycle {};

TEST_F(Forming, OneReplicaFormsInParallel) {
    form({.replicas = 1, .policy = "parallel", .set = {}});
}
TEST_F(Forming, OneReplicaFormsInOrder) { form({.replicas = 1, .policy = "ordered", .set = {}}); }
TEST_F(Forming, ThreeReplicasFormInOrder) { form({.replicas = 3, .policy = "ordered", .set = {}}); }
TEST_F(Forming, FiveReplicasFormInParallel) {
    form({.replicas = 5, .policy = "parallel", .set = {}});
}
TEST_F(Forming, FiveReplicasFormInOrder) { form({.replicas = 5, .policy = "ordered", .set = {}}); }

TEST_F(Forming, ThreeReplicasFormInParallelAndServeEtcdctlThroughClientEnv) {
    form();
    const Ran ran = run({"/bin/bash", "-c",
                         ". " + cluster().layout().client_env().string() +
                             " && etcdctl put by hand && etcdctl get by --print-value-only"
                             " && etcdctl member list"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_NE(ran.out.find("hand"), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("quorate-2"), std::string::npos) << ran.out;
}

// Three founders were named, and only one replica was desired before the others began (S2): as if
// the number had changed within those milliseconds.
void name_three_founders(const local::Layout& layout) {
    ClusterRecord record;
    record.revision = RecordRevision{1};
    record.lineage = Lineage{"founded-by-three"};
    record.epoch = Epoch{1};
    record.stage = RecordStage::forming;
    record.token = "founded-by-three-1";
    for (const std::uint32_t founder : {0U, 1U, 2U}) {
        record.founders.push_back(Ordinal{founder});
        record.replicas[Ordinal{founder}].claim = VolumeClaim::holding;
    }
    fs::create_directories(layout.record().parent_path());
    const auto written = local::swap_record(layout.record(), layout.lease(),
                                            WriteRecord{RecordRevision{}, record, Fence{}});
    if (!written || written->conflict) throw std::runtime_error("the record was not written");
}

TEST_F(Forming, AFounderWhoseOthersNeverRanFormsAlone) {
    form({.replicas = 1, .policy = "parallel", .set = {}, .before_start = name_three_founders});
    EXPECT_EQ(cluster().record().lineage, Lineage{"founded-by-three"});
    EXPECT_EQ(cluster().record().epoch, Epoch{2}) << "rebuilt from the only one that ran";
    cluster().scale(3);
    cluster().await_steady(3);
}

struct Returning : Lifecycle {
    void is_the_same_cluster_after_down_and_up(const std::string& policy) {
        form({.replicas = 3, .policy = policy, .set = {}});
        const ClusterRecord before = cluster().record();
        const auto ids = cluster().member_ids(3);
        cluster().stop_all();
        cluster().start();
        cluster().await_steady(3);
        EXPECT_EQ(cluster().member_ids(3), ids);
        EXPECT_EQ(cluster().record().lineage, before.lineage);
        EXPECT_EQ(cluster().record().epoch, before.epoch);
        EXPECT_EQ(cluster().record().cluster_id, before.cluster_id);
        EXPECT_TRUE(writer().goes_on());
    }
};

TEST_F(Returning, DownAndUpAgainIsTheSameCluster) {
    is_the_same_cluster_after_down_and_up("parallel");
}

// Replica 0 alone cannot serve; a controller that waited for it to be ready would wait for ever.
TEST_F(Returning, DownAndUpAgainInOrderDoesNotWaitForAQuorumThatIsNotStarted) {
    is_the_same_cluster_after_down_and_up("ordered");
}

}  // namespace
}  // namespace quorate::e2e
