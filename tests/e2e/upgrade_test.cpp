// Another etcd under the running agents, as a person swaps it: one replica after the other, or all
// at once. What may not be done is refused with the way forward, and nothing is touched.
#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace {

const char* const etcd_3_4 = "3.4";
const char* const etcd_3_5_old = "3.5.23";
const char* const etcd_3_5 = "3.5.35";
const char* const etcd_3_6 = "3.6.16";
const char* const etcd_3_7 = "3.7.3";

struct Upgrade : Lifecycle {
    void SetUp() override {
        for (const char* release : {etcd_3_4, etcd_3_5_old, etcd_3_5, etcd_3_6, etcd_3_7})
            if (!etcd_binary(release))
                GTEST_SKIP() << "etcd " << release
                             << " is not built here: tools/etcd-versions builds it";
    }

    Cluster& form_with(const std::string& release, std::vector<std::string> set = {}) {
        set.emplace_back("unresponsive_after=60s");
        return form({.replicas = 3, .policy = "parallel", .set = std::move(set), .etcd = release});
    }
    Ran upgrade(const std::string& release, std::vector<std::string> more = {}) {
        std::vector<std::string> words = {"upgrade", "--etcd", etcd_binary(release).value(),
                                          "--timeout", "100s"};
        words.insert(words.end(), more.begin(), more.end());
        return cluster().command(words);
    }
    // All stop, and all start with another etcd.
    void swap_all(const std::string& release) {
        cluster().stop_all();
        cluster().use_etcd(release);
        cluster().start();
    }
    std::string version_of(int ordinal) {
        const auto member = cluster().member(ordinal);
        return member.is_object() ? member.value("etcd_version", "") : "";
    }
    void expect_all_run(const std::string& release, const std::vector<std::string>& ids) {
        const int replicas = static_cast<int>(ids.size());
        cluster().await_steady(replicas);
        // One answer may come too late on a busy machine; its release is then not told.
        for (int i = 0; i < replicas; ++i)
            cluster().await("etcd " + release + " of replica " + std::to_string(i),
                            [&] { return version_of(i) == release; });
        EXPECT_EQ(cluster().member_ids(replicas), ids) << "nobody joined afresh";
        expect_untouched(replicas);
        EXPECT_TRUE(writer().goes_on());
    }
    void expect_untouched(int replicas) {
        for (int i = 0; i < replicas; ++i)
            EXPECT_TRUE(cluster().set_aside(i).empty()) << i;
    }
    // What the cluster agreed on rises a few seconds after the last one serves; the db tells.
    void await_agreed(const std::string& minor) {
        cluster().await("cluster version " + minor, [&] {
            const auto answer =
                run({"/usr/bin/curl", "--silent", "--cacert",
                     (cluster().layout().pki() / "ca.crt").string(), "--cert",
                     (cluster().layout().pki() / "client.crt").string(), "--key",
                     (cluster().layout().pki() / "client.key").string(),
                     "https://127.0.0.1:" + std::to_string(cluster().client_port(0)) + "/version"});
            return answer.out.find("\"etcdcluster\":\"" + minor) != std::string::npos;
        });
    }
    nlohmann::json await_parked() {
        nlohmann::json parked;
        cluster().await("a park", [&] {
            const auto now = cluster().status();
            if (!now.is_object() || !now.contains("parked") || now["parked"].is_null())
                return false;
            parked = now["parked"];
            return parked["replica"].is_number();
        });
        return parked;
    }
    static bool has(const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    }
};

TEST_F(Upgrade, RollsFrom35To36AndTo37AndLosesNothing) {
    const auto ids = form_with(etcd_3_5, {"snapshot_count=100"}).member_ids(3);
    Ran ran = upgrade(etcd_3_6);
    EXPECT_EQ(ran.status, 0) << ran.err;
    expect_all_run(etcd_3_6, ids);
    await_agreed("3.6");
    EXPECT_TRUE(writer().goes_on(300)) << "so that every log begins anew";
    ran = upgrade(etcd_3_7);
    EXPECT_EQ(ran.status, 0) << ran.err;
    expect_all_run(etcd_3_7, ids);
}

// etcd 3.7.3 panics on it, on one member after the other.
TEST_F(Upgrade, ALogThat35BeganIsNotTakenTo37) {
    const auto ids = form_with(etcd_3_5).member_ids(3);
    ASSERT_EQ(upgrade(etcd_3_6).status, 0);
    expect_all_run(etcd_3_6, ids);
    await_agreed("3.6");
    const Ran ran = upgrade(etcd_3_7);
    EXPECT_EQ(ran.status, 5);
    EXPECT_TRUE(has(ran.err, "written a raft snapshot")) << ran.err;
    expect_all_run(etcd_3_6, ids);
}

TEST_F(Upgrade, An35BelowTheFloorIsRefusedAndGoesThrough3526) {
    const auto ids = form_with(etcd_3_5_old).member_ids(3);
    Ran ran = upgrade(etcd_3_6);
    EXPECT_EQ(ran.status, 5);
    EXPECT_TRUE(has(ran.err, "last ran 3.5.23")) << ran.err;
    EXPECT_TRUE(has(ran.err, "run 3.5.x (>= 3.5.26) on every replica")) << ran.err;
    expect_all_run(etcd_3_5_old, ids);
    ran = upgrade(etcd_3_5);
    EXPECT_EQ(ran.status, 0) << ran.err;
    expect_all_run(etcd_3_5, ids);
    ran = upgrade(etcd_3_6);
    EXPECT_EQ(ran.status, 0) << ran.err;
    expect_all_run(etcd_3_6, ids);
}

TEST_F(Upgrade, AMinorReleaseIsNotLeftOut) {
    const auto ids = form_with(etcd_3_4).member_ids(3);
    std::string before;
    cluster().await("the release", [&] { return !(before = version_of(0)).empty(); });
    const Ran ran = upgrade(etcd_3_6);
    EXPECT_EQ(ran.status, 5);
    EXPECT_TRUE(has(ran.err, "run 3.5.x (>= 3.5.26) on every replica first")) << ran.err;
    expect_all_run(before, ids);
}

TEST_F(Upgrade, AllAtOnceFrom35To36) {
    const auto ids = form_with(etcd_3_5).member_ids(3);
    swap_all(etcd_3_6);
    expect_all_run(etcd_3_6, ids);
}

TEST_F(Upgrade, NewerDataIsNotStartedByAnOlderBinaryAndGoesOnWithItsOwn) {
    const auto ids = form_with(etcd_3_6).member_ids(3);
    await_agreed("3.6");
    swap_all(etcd_3_5);
    const auto parked = await_parked();
    EXPECT_TRUE(has(parked["reason"], "the data is of etcd 3.6")) << parked;
    EXPECT_TRUE(has(parked["next_step"], "run etcd 3.6 again")) << parked;
    EXPECT_TRUE(has(parked["next_step"], "etcdctl downgrade enable 3.5")) << parked;
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(cluster().etcd_pid(i), 0) << "nothing was started";
    swap_all(etcd_3_6);
    expect_all_run(etcd_3_6, ids);
}

TEST_F(Upgrade, TheWayBackIsOpenWhileOneStillRunsTheOlder) {
    const auto ids = form_with(etcd_3_5).member_ids(3);
    ASSERT_EQ(upgrade(etcd_3_6, {"--replica", "2"}).status, 0);
    cluster().await("both releases",
                    [&] { return version_of(2) == etcd_3_6 && version_of(0) == etcd_3_5; });
    EXPECT_TRUE(writer().goes_on());
    const Ran ran = upgrade(etcd_3_5);
    EXPECT_EQ(ran.status, 0) << ran.err;
    expect_all_run(etcd_3_5, ids);
}

TEST_F(Upgrade, ReplicasWhoseEtcdWasRefusedGoOnWhenTheOthersHaveGoneThrough) {
    const auto ids = form_with(etcd_3_5_old).member_ids(3);
    await_agreed("3.5");  // 3.0 at first, when a peer came late
    cluster().stop_all();
    for (int i = 0; i < 3; ++i) {
        const auto report = disk::examine(cluster().disk(i));
        ASSERT_TRUE(report && report->stores) << i;
        EXPECT_EQ(report->stores->v2.size(), 3U);
        EXPECT_EQ(report->stores->v2, report->stores->db);
        EXPECT_EQ(report->cluster_version, "3.5.0");
    }
    cluster().start();
    cluster().await_steady(3);
    swap_all(etcd_3_6);
    const auto parked = await_parked();
    EXPECT_TRUE(has(parked["reason"], "last ran 3.5.23")) << parked;
    swap_all(etcd_3_5);
    expect_all_run(etcd_3_5, ids);
}

}  // namespace
}  // namespace quorate::e2e
