// The API server of the host fails, forgets or refuses: etcd serves on, and the agents do nothing
// that they would regret.
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

struct Api : Lifecycle {
    void expect_untouched(const Words& ids) {
        cluster().await_steady(3);
        EXPECT_EQ(cluster().member_ids(3), ids) << "nobody joined afresh";
        for (const int i : {0, 1, 2}) {
            EXPECT_TRUE(cluster().set_aside(i).empty()) << i;
            EXPECT_EQ(cluster().restarts(i), 0) << i;
        }
        expect_epoch_one();
        expect_writes_go_on();
    }
    // Writes are acknowledged in each second of a span.
    void expect_writes_for(std::chrono::seconds span) {
        const auto until = std::chrono::steady_clock::now() + span;
        while (std::chrono::steady_clock::now() < until) {
            ASSERT_TRUE(writer().goes_on(5));
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
    }
};

TEST_F(Api, ServerDownForAMinuteChangesNothing) {
    form();
    const Words ids = cluster().member_ids(3);
    lab({"api-stop"});
    expect_writes_for(std::chrono::seconds(60));
    lab({"api-start"});
    expect_untouched(ids);
}

TEST_F(Api, ServerThatAnswersNothingForAMinuteChangesNothing) {
    form();
    const Words ids = cluster().member_ids(3);
    lab({"api-pause"});
    expect_writes_for(std::chrono::seconds(60));
    lab({"api-resume"});
    expect_untouched(ids);
}

// Each call takes seconds, or is given up.
TEST_F(Api, ServerThatIsSlowForAMinuteChangesNothing) {
    form();
    const Words ids = cluster().member_ids(3);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < until) {
        lab({"api-pause"});
        expect_writes_for(std::chrono::seconds(3));
        lab({"api-resume"});
        expect_writes_for(std::chrono::seconds(1));
    }
    expect_untouched(ids);
}

// A pod that starts while nobody answers has its certificates and its volume; for the record it
// waits.
TEST_F(Api, AnAgentKilledWhileTheServerIsDownComesBack) {
    form();
    const Words ids = cluster().member_ids(3);
    const std::string pid =
        lab({"container-pid", cluster().space() + "/q-1", cluster().node_of(1)});
    lab({"api-stop"});
    ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0);
    expect_writes_go_on();
    lab({"api-start"});
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    expect_epoch_one();
    expect_writes_go_on();
}

// A stranger takes the lease for a while: nothing is repaired meanwhile, everything afterwards.
TEST_F(Api, TheLeaseIsStolen) {
    form();
    const std::string id = cluster().member_id(2);
    cluster().delete_pod_and_claim(2);  // a lease is there from the first repair on
    cluster().await_replaced(2, id);
    cluster().await_steady(3);
    const std::string second_id = cluster().member_id(2);
    const std::uint64_t fence = cluster().lease().at("spec").at("leaseTransitions");
    const std::uint64_t stolen = fence + 1;
    cluster().must_kubectl({"patch", "lease", "q-authority", "--type=merge", "--patch",
                            R"({"spec":{"holderIdentity":"a-stranger","leaseDurationSeconds":20,)"
                            R"("leaseTransitions":)" +
                                std::to_string(stolen) + "}}"});
    cluster().delete_pod_and_claim(2);
    cluster().await_replaced(2, second_id);
    cluster().await_steady(3);
    EXPECT_GT(cluster().lease().at("spec").at("leaseTransitions").get<std::uint64_t>(), stolen);
    EXPECT_GT(cluster().record().fence, Fence{stolen});
    expect_epoch_one();
    expect_writes_go_on();
}

TEST_F(Api, TheLeaseIsDeleted) {
    form();
    for (int turn = 0; turn < 2; ++turn) {
        const std::string id = cluster().member_id(1);
        cluster().delete_pod_and_claim(1);
        cluster().await_replaced(1, id);
        cluster().await_steady(3);
        const Fence before = cluster().record().fence;
        EXPECT_GT(before, Fence{0});
        if (turn == 0)
            cluster().must_kubectl({"delete", "lease", "q-authority"});
        else
            EXPECT_GT(cluster().lease().at("spec").at("leaseTransitions").get<std::uint64_t>(), 1U)
                << "fences never go back";
    }
    expect_epoch_one();
    expect_writes_go_on();
}

TEST_F(Api, TheRecordIsDeleted) {
    form();
    const Words ids = cluster().member_ids(3);
    const RecordRevision before = cluster().record().revision;
    cluster().must_kubectl({"delete", "configmap", "q-record"});
    cluster().await("the record", [&] { return cluster().has_record(); });
    EXPECT_GT(cluster().record().revision, before);
    expect_untouched(ids);
}

TEST_F(Api, TheRecordIsPutBackToAnOlderState) {
    form();
    const std::string old = cluster().must_kubectl(
        {"get", "configmap", "q-record", "--output", "jsonpath={.data.record\\.json}"});
    const std::string id = cluster().member_id(2);
    cluster().delete_pod_and_claim(2);
    cluster().await_replaced(2, id);
    cluster().await_steady(3);
    const Words ids = cluster().member_ids(3);
    const RecordRevision newest = cluster().record().revision;
    const Json patch = {{"data", {{"record.json", old}}}};
    cluster().must_kubectl(
        {"patch", "configmap", "q-record", "--type=merge", "--patch", patch.dump()});
    cluster().await("a newer record", [&] { return cluster().record().revision > newest; });
    expect_untouched(ids);
}

TEST_F(Api, RightsAreTakenAndGivenBack) {
    form();
    const std::string id = cluster().member_id(2);
    const Json binding =
        Json::parse(cluster().must_kubectl({"get", "rolebinding", "q", "--output", "json"}));
    cluster().must_kubectl({"delete", "rolebinding", "q"});
    cluster().delete_pod_and_claim(2);
    cluster().await("words about the missing right", [&] {
        const std::string said = cluster().logs(2);
        return said.find("is forbidden") != std::string::npos &&
               said.find("rbac.yaml") != std::string::npos;
    });
    expect_writes_go_on();
    EXPECT_EQ(cluster().member_id(2), id) << "nothing is decided";
    cluster().must_kubectl(
        {"create", "rolebinding", "q", "--role=q", "--serviceaccount=" + cluster().space() + ":q"});
    cluster().await_replaced(2, id);
    cluster().await_steady(3);
    expect_epoch_one();
    expect_writes_go_on();
}

// All objects go back to before a replica was restarted, its volume's claim in the record too.
// Whoever knows better says so; nobody takes a volume for one that was rolled back.
TEST_F(Api, TheHostsEtcdIsPutBack) {
    form();
    const std::string copy = std::filesystem::temp_directory_path() /
                             ("quorate-kube-e2e-host-" + std::to_string(::getpid()));
    lab({"host-etcd-save", copy});
    const RecordRevision before = cluster().record().revision;
    // The record moves on, and with it what the volumes were claimed for.
    const std::string uid = cluster().pod_uid(1);
    const std::string pid =
        lab({"container-pid", cluster().space() + "/q-1", cluster().node_of(1)});
    ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0);
    cluster().await("a restart", [&] { return cluster().restarts(1) > 0; });
    cluster().await_steady(3);
    const Words ids = cluster().member_ids(3);
    const RecordRevision newest = cluster().record().revision;
    ASSERT_GT(newest, before);
    lab({"host-etcd-restore", copy});
    std::filesystem::remove(copy);
    cluster().await("a record newer than any before",
                    [&] { return cluster().has_record() && cluster().record().revision > newest; });
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    EXPECT_EQ(cluster().pod_uid(1), uid);
    for (const int i : {0, 1, 2})
        EXPECT_TRUE(cluster().set_aside(i).empty()) << i;
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
