// Other releases of etcd and of Quorate, pod by pod, under a writer.
#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

struct Rollouts : Lifecycle {
    // An image with this line of etcd; returns its tag.
    static std::string with_etcd(const std::string& line) {
        const std::string tag = "etcd-" + line;
        import_image("localhost/quorate:" + tag, {"--etcd", line});
        return tag;
    }
    static std::string tagged(const std::string& tag) { return "quorate.image.tag=" + tag; }

    bool runs(int ordinal, const std::string& tag) {
        const Json pod = cluster().pod(ordinal);
        return !pod.is_null() &&
               pod["spec"]["containers"][0]["image"] == "localhost/quorate:" + tag;
    }
    void await_all(const std::string& tag) {
        for (const int i : {0, 1, 2})
            cluster().await("replica " + std::to_string(i) + " of " + tag,
                            [&] { return runs(i, tag); });
        cluster().await_steady(3);
    }
    std::string etcd_of(int ordinal) {
        return cluster().status(ordinal).value("/self/etcd_version"_json_pointer, "");
    }
};

TEST_F(Rollouts, TheNextMinorOfEtcdIsTakenPodByPod) {
    const std::string before = with_etcd("3.5");
    const std::string after = with_etcd("3.6");
    form({.set = {tagged(before)}});
    const Words ids = cluster().member_ids(3);
    cluster().upgrade({tagged(after)});
    await_all(after);
    EXPECT_EQ(cluster().member_ids(3), ids) << "nobody joined afresh";
    for (const int i : {0, 1, 2})
        EXPECT_EQ(etcd_of(i).rfind("3.6.", 0), 0U) << etcd_of(i);
    expect_epoch_one();
    expect_writes_go_on();
}

// The volume stays as it is, the other two serve, and the old image goes on with it (F1).
TEST_F(Rollouts, AMinorOfEtcdThatSkipsOneIsRefusedInWordsAndTakenBack) {
    const std::string before = with_etcd("3.5");
    const std::string after = with_etcd("3.7");
    form({.set = {tagged(before)}}, 2);
    const Words ids = cluster().member_ids(3);
    cluster().upgrade({tagged(after)});
    Json parked;
    cluster().await("replica 2 says why it does not start", [&] {
        if (!runs(2, after)) return false;
        const Json status = cluster().status(2);
        if (status.is_object()) parked = status.value("/view/parked"_json_pointer, Json());
        return parked.is_object();
    });
    EXPECT_NE(parked.value("next_step", "").find("3.6"), std::string::npos) << parked.dump();
    expect_writes_go_on();
    EXPECT_TRUE(runs(1, before)) << "a pod that is not ready holds the rollout";
    cluster().upgrade({tagged(before)});
    // A StatefulSet waits for the pod that is not ready before it takes it back.
    cluster().delete_pod(2);
    await_all(before);
    EXPECT_EQ(cluster().member_ids(3), ids);
    EXPECT_TRUE(cluster().set_aside(2).empty());
    expect_epoch_one();
    expect_writes_go_on();
}

TEST_F(Rollouts, ANewQuorateInTheMiddleOfARepairEndsIt) {
    const std::string next = "next";
    import_image("localhost/quorate:" + next);
    form({}, 3);
    const std::string lost = cluster().member_id(1);
    const Words kept{cluster().member_id(0), cluster().member_id(2)};
    cluster().delete_pod_and_claim(1);
    cluster().upgrade({tagged(next)});
    cluster().await_replaced(1, lost);
    await_all(next);
    EXPECT_EQ((Words{cluster().member_id(0), cluster().member_id(2)}), kept);
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
