// Cases 7 and 8: with a majority gone nothing happens by itself; a person gets the plan and what it
// may lose, and the cluster grows back from the best survivor. An empty cluster never appears.
#include <gtest/gtest.h>

#include <optional>

#include "adapters/local/files.hpp"
#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

struct QuorumLoss : Lifecycle {
    void lose(const std::vector<int>& ordinals) {
        cluster().while_dead(ordinals, [&] {
            for (const int ordinal : ordinals)
                fs::remove_all(cluster().volume(ordinal));
        });
    }

    nlohmann::json plan() {
        const Ran ran = cluster().command({"recover", "plan", "--output", "json"});
        EXPECT_EQ(ran.status, 0) << ran.err << cluster().picture();
        return nlohmann::json::parse(ran.out, nullptr, false);
    }

    // Everything of the parked cluster comes back under the next epoch, and revisions go on.
    void recover_from(int survivor) {
        const nlohmann::json parked = cluster().await_parked();
        EXPECT_FALSE(parked["reason"].get<std::string>().empty());
        EXPECT_FALSE(parked["next_step"].get<std::string>().empty());
        const nlohmann::json made = plan();
        ASSERT_TRUE(made.is_object());
        EXPECT_EQ(made["survivors"][0]["ordinal"], survivor);
        const Ran stale = cluster().command({"recover", "apply", "--token", "0123456789ab"});
        EXPECT_NE(stale.status, 0);
        EXPECT_EQ(stale.err.rfind("quorate: replica ", 0), 0U) << stale.err;
        EXPECT_EQ(stale.err.find(".sock"), std::string::npos) << stale.err;
        const Ran applied =
            cluster().command({"recover", "apply", "--token", made["token"].get<std::string>()});
        EXPECT_EQ(applied.status, 0) << applied.err;
        cluster().await("the next epoch", [&] { return cluster().record().epoch == Epoch{2}; });
        cluster().await_steady(3);
        const auto put = cluster().serving_client()->put("after", "the loss", seconds(10));
        ASSERT_TRUE(std::holds_alternative<Revision>(put));
        EXPECT_GT(std::get<Revision>(put), writer().newest());
    }
};

TEST_F(QuorumLoss, TwoVolumesGoneParksAndARecoveryGrowsBack) {
    form();
    const Ran nothing_lost = cluster().command({"recover", "plan"});
    EXPECT_EQ(nothing_lost.err.rfind("quorate: replica ", 0), 0U) << nothing_lost.err;
    EXPECT_NE(nothing_lost.err.find("quorum is not lost; there is nothing to recover\n"),
              std::string::npos)
        << nothing_lost.err;
    EXPECT_EQ(nothing_lost.err.find(".sock"), std::string::npos) << nothing_lost.err;
    stop_writing_and_settle(3);
    lose({1, 2});
    cluster().await("quorum-lost");
    cluster().await("parked");
    recover_from(0);
}

TEST_F(QuorumLoss, TwoVolumesGoneReplicaZeroAmongThemNeedsTheToolThatRebuilds) {
    form({.replicas = 3, .policy = "parallel", .set = {}, .lone_etcd = true});
    stop_writing_and_settle(3);
    lose({0, 1});
    cluster().await("parked");
    // Until 3.5 any etcdctl of the machine will do.
    if (etcd_line() >= Version{3, 6, 0}) {
        const nlohmann::json made = plan();
        EXPECT_NE(made["blocked_by"].get<std::string>().find("etcdutl"), std::string::npos);
        const Ran applied =
            cluster().command({"recover", "apply", "--token", made["token"].get<std::string>()});
        EXPECT_NE(applied.err.find("etcdutl"), std::string::npos) << applied.err;
        EXPECT_EQ(cluster().record().rebuild, std::nullopt);
        fs::copy_file(fs::path(*etcd_binary()).parent_path() / "etcdutl",
                      cluster().etcd().parent_path() / "etcdutl");
    }
    recover_from(2);
}

TEST_F(QuorumLoss, NothingIsForcedWhileTheLostReplicaMayReturn) {
    form();
    const auto ids = cluster().member_ids(3);
    // Two of three are kept from starting; nothing of theirs is lost.
    std::optional<local::FileLock> locks[2];
    cluster().while_dead({1, 2}, [&] {
        for (const int ordinal : {1, 2}) {
            auto lock = local::FileLock::attempt(
                cluster().layout().agent_lock(Ordinal{static_cast<std::uint32_t>(ordinal)}));
            ASSERT_TRUE(lock) << "replica " << ordinal << ": " << lock.error().what;
            locks[ordinal - 1] = std::move(*lock);
        }
    });
    ASSERT_TRUE(locks[0] && locks[1]);
    cluster().await("parked");
    locks[0].reset();
    locks[1].reset();
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    EXPECT_EQ(cluster().record().epoch, Epoch{1});
    EXPECT_TRUE(writer().goes_on());
}

TEST_F(QuorumLoss, TwoWipedWhileTheThirdIsDownFormNoEmptyCluster) {
    form();
    stop_writing_and_settle(3);
    cluster().stop_all();
    {
        auto down = local::FileLock::attempt(cluster().layout().agent_lock(Ordinal{0}));
        ASSERT_TRUE(down);
        fs::remove_all(cluster().volume(1));
        fs::remove_all(cluster().volume(2));
        cluster().start();
        cluster().await("parked");
        for (const int ordinal : {1, 2}) {
            EXPECT_EQ(cluster().etcd_pid(ordinal), 0);
            EXPECT_FALSE(fs::exists(cluster().volume(ordinal) / "etcd" / "member"));
        }
        EXPECT_EQ(cluster().record().epoch, Epoch{1});
    }
    cluster().await("replica 0's word", [&] {
        const Ran ran = cluster().command({"recover", "plan", "--output", "json"});
        return ran.status == 0;
    });
    recover_from(0);
}

}  // namespace
}  // namespace quorate::e2e
