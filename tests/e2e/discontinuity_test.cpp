// Case 6: a volume that is not the continuation of what ran on it is found before etcd starts.
#include <gtest/gtest.h>

#include "tests/contract/disk/files.hpp"
#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

struct Discontinuity : Lifecycle {
    void restart_and_heal(int replicas) {
        cluster().start();
        cluster().await_steady(replicas);
        EXPECT_TRUE(writer().goes_on());
        EXPECT_EQ(cluster().record().epoch, Epoch{1});
    }
};

TEST_F(Discontinuity, AVolumeRolledBackToAnOlderCopyIsSetAside) {
    form();
    const std::string id = cluster().member_id(1);
    const disk::Volume copy{cluster().layout().root() / "older"};
    cluster().while_dead({1}, [&] { disk::copy_volume(cluster().disk(1), copy); });
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_id(1), id) << "the copy alone changes nothing";
    EXPECT_TRUE(writer().goes_on());
    cluster().while_dead({1}, [&] {
        fs::remove_all(cluster().volume(1));
        fs::rename(copy.root, cluster().volume(1));
    });
    cluster().await_replaced(1, id);
    cluster().await_steady(3);
    EXPECT_TRUE(cluster().has_set_aside(1, "rolled-back"));
    EXPECT_TRUE(writer().goes_on());
}

TEST_F(Discontinuity, SwappedVolumesAreSetAside) {
    form({.replicas = 5, .policy = "parallel", .set = {}});
    cluster().stop_all();
    const fs::path between = cluster().layout().root() / "between";
    fs::rename(cluster().volume(1), between);
    fs::rename(cluster().volume(2), cluster().volume(1));
    fs::rename(between, cluster().volume(2));
    restart_and_heal(5);
    EXPECT_TRUE(cluster().has_set_aside(1, "other-replica"));
    EXPECT_TRUE(cluster().has_set_aside(2, "other-replica"));
}

TEST_F(Discontinuity, ACloneOfAnotherReplicasVolumeIsSetAside) {
    form();
    const std::string id = cluster().member_id(1);
    cluster().stop_all();
    fs::remove_all(cluster().volume(2));
    disk::copy_volume(cluster().disk(1), cluster().disk(2));
    restart_and_heal(3);
    EXPECT_TRUE(cluster().has_set_aside(2, "other-replica"));
    EXPECT_EQ(cluster().member_id(1), id) << "the original goes on";
}

}  // namespace
}  // namespace quorate::e2e
