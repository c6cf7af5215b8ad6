// A replica that lost its data comes back as another member, with all of the content.
#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace fs = std::filesystem;
namespace {

struct Damage : Lifecycle {
    // The reasons that agents gave.
    std::set<std::string> events_of(const std::string& kind, const std::string& name) {
        const Json listed = Json::parse(cluster().must_kubectl(
            {"get", "events", "--output", "json", "--field-selector",
             "involvedObject.kind=" + kind + ",involvedObject.name=" + name}));
        std::set<std::string> reasons;
        for (const Json& item : listed.at("items"))
            if (item.value("/source/component"_json_pointer, "") == "quorate")
                reasons.insert(item.at("reason").get<std::string>());
        return reasons;
    }
};

TEST_F(Damage, ADeletedClaimIsFilledAgainAlsoThatOfReplicaZero) {
    form();
    for (const int ordinal : {0, 2}) {
        const std::string id = cluster().member_id(ordinal);
        cluster().delete_pod_and_claim(ordinal);
        cluster().await_replaced(ordinal, id);
        cluster().await_steady(3);
        expect_writes_go_on();
    }
    // A person who looks there sees what was done.
    const std::set<std::string> steps{"RemovingMember", "AddingLearner", "PromotingLearner"};
    cluster().await("events of each step", [&] {
        const auto told = events_of("StatefulSet", "q");
        return std::includes(told.begin(), told.end(), steps.begin(), steps.end());
    });
    cluster().await("an event of the start",
                    [&] { return events_of("Pod", "q-2").count("StartingEtcd") == 1; });
    expect_epoch_one();
}

// The copy says whose it is: it is moved aside, and its replica joins under an identity of its own.
TEST_F(Damage, AClaimClonedFromAnotherReplicaJoinsAfresh) {
    form({}, 2);
    cluster().scale(2);
    cluster().await_steady(2);
    const Words ids = cluster().member_ids(2);
    const fs::path clone = cluster().volume(2);
    // What a clone of a volume in use holds: files of one instant, or nearly.
    for (const auto& entry : fs::directory_iterator(clone))
        fs::remove_all(entry.path());
    const e2e::Ran copied =
        e2e::run({"cp", "--archive", (cluster().volume(1) / ".").string(), clone.string()});
    ASSERT_EQ(copied.status, 0) << copied.err;
    cluster().scale(3);
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(2), ids);
    EXPECT_EQ(cluster().set_aside(2).size(), 1U);
    EXPECT_TRUE(cluster().set_aside(1).empty());
    expect_epoch_one();
    expect_writes_go_on();
}

// Somebody bound a volume to the wrong release: with its certificates the pod does not start,
// without them the replica parks. Neither costs the two others anything, nor the stranger's data.
TEST_F(Damage, AClaimOfAnotherClusterIsToldAndNotTouched) {
    form({}, 2);
    cluster().scale(2);
    cluster().await_steady(2);
    const Words ids = cluster().member_ids(2);
    {
        const Cluster other("damage-another-cluster", {.replicas = 1});
        other.await_steady(1);
        other.scale(0);
        other.await_no_pods();
        for (const auto& entry : fs::directory_iterator(cluster().volume(2)))
            fs::remove_all(entry.path());
        const e2e::Ran copied = e2e::run(
            {"cp", "--archive", (other.volume(0) / ".").string(), cluster().volume(2).string()});
        ASSERT_EQ(copied.status, 0) << copied.err;
    }
    const fs::path volume = cluster().volume(2);
    const std::string identity = e2e::text_of(volume / "identity");
    const std::string authority = e2e::text_of(volume / "pki/etcd/ca.crt");
    const std::string content = e2e::text_of(volume / "etcd/member/snap/db");
    const auto expect_untouched = [&] {
        EXPECT_EQ(e2e::text_of(volume / "identity"), identity);
        EXPECT_TRUE(e2e::text_of(volume / "etcd/member/snap/db") == content);
        EXPECT_TRUE(cluster().set_aside(2).empty());
        EXPECT_EQ(cluster().member_ids(2), ids);
        expect_writes_go_on();
    };
    cluster().scale(3);
    cluster().await("words about the other authority", [&] {
        return cluster().logs(2).find("q-etcd-certs") != std::string::npos ||
               cluster().logs(2, true).find("q-etcd-certs") != std::string::npos;
    });
    EXPECT_EQ(e2e::text_of(volume / "pki/etcd/ca.crt"), authority);
    expect_untouched();

    fs::remove_all(volume / "pki");
    cluster().await("a parked replica", [&] {
        const Json now = cluster().status(2);
        return now.is_object() && now.dump().find("data of another cluster") != std::string::npos;
    });
    expect_untouched();

    cluster().delete_pod_and_claim(2);
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(2), ids);
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
