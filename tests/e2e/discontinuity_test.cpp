// Case 6: a volume that is not the continuation of what ran on it is found before etcd starts.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/contract/disk/files.hpp"
#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

struct Discontinuity : Lifecycle {
    // As a snapshot of the disk: the files of one instant, while nothing writes to them.
    void copy_at_one_instant(int replica, const fs::path& to) {
        const pid_t etcd = cluster().etcd_pid(replica);
        ::kill(etcd, SIGSTOP);
        disk::copy_volume({cluster().volume(replica) / "etcd"}, {to / "etcd"});
        ::kill(etcd, SIGCONT);
        fs::copy_file(cluster().volume(replica) / "identity", to / "identity");
    }
    void put_back(const fs::path& copy, int replica) {
        for (const char* name : {"etcd", "identity"}) {
            fs::remove_all(cluster().volume(replica) / name);
            fs::rename(copy / name, cluster().volume(replica) / name);
        }
    }

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

// The nonce is that of the last start and the recorded mark is old: only an agent that runs can
// tell.
TEST_F(Discontinuity, AVolumeRolledBackWithinOneStartIsFoundByAPeersMemory) {
    form({.replicas = 3, .policy = "parallel", .set = {"high_water_period=10m"}});
    const std::string id = cluster().member_id(1);
    const fs::path copy = cluster().layout().root() / "older";
    copy_at_one_instant(1, copy);
    const LogIndex copied = cluster().client(1)->status(seconds(10)).index;
    cluster().await("a memory of what came after",
                    [&] { return cluster().remembered(1) > copied; });
    EXPECT_LE(cluster().record().replicas.find(Ordinal{1})->high_water.index, copied)
        << "the record tells nothing of it";
    cluster().while_dead({1}, [&] { put_back(copy, 1); });
    cluster().await_replaced(1, id);
    cluster().await_steady(3);
    EXPECT_TRUE(cluster().has_set_aside(1, "behind-peers-memory"));
    EXPECT_NE(cluster().command({"explain", "--last", "400"}).out.find("remembers it at term"),
              std::string::npos);
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
