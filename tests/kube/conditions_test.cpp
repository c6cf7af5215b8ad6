// Conditions of the pods, as a person waits for them.
#include <signal.h>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

struct Conditions : Lifecycle {
    // condition: "Quorum=False".
    void wait_for(const std::string& condition, int ordinal) {
        cluster().must_kubectl({"wait", "--for=condition=quorate/" + condition,
                                "pod/q-" + std::to_string(ordinal), "--timeout=180s"});
    }
    Json condition(int ordinal, const std::string& type) {
        const Json pod = cluster().pod(ordinal);
        for (const Json& one : pod.at("status").at("conditions"))
            if (one["type"] == "quorate/" + type) return one;
        return {};
    }
    void give_authority_to(const std::string& holder) {
        const Json patch = {{"spec", {{"holderIdentity", holder}, {"leaseDurationSeconds", 600}}}};
        cluster().must_kubectl(
            {"patch", "lease", "q-authority", "--type=merge", "--patch", patch.dump()});
    }
    // Another pod than this one, with a claim of its own.
    void delete_pod_and_claim(int ordinal) {
        const std::string uid = cluster().pod_uid(ordinal);
        cluster().delete_pod_and_claim(ordinal);
        cluster().await("another pod", [&] {
            const std::string now = cluster().pod_uid(ordinal);
            return !now.empty() && now != uid;
        });
    }
};

TEST_F(Conditions, FollowADeletedClaim) {
    form();
    for (const int ordinal : {0, 1, 2})
        wait_for("Member", ordinal);
    delete_pod_and_claim(2);
    wait_for("Member", 2);
    cluster().await_steady(3);
    // Whoever wants to repair it waits for this stranger.
    give_authority_to("a-stranger");
    delete_pod_and_claim(2);
    wait_for("Member=False", 2);
    cluster().await("the word that it joins",
                    [&] { return condition(2, "Member").value("reason", "") == "Joining"; });
    EXPECT_NE(condition(2, "Member").at("message").get<std::string>().find("empty-volume"),
              std::string::npos)
        << condition(2, "Member");
    wait_for("Quorum", 0);
    cluster().await("the word that a voter is missing", [&] {
        return condition(0, "Quorum").value("message", "") == "2 of 3 voters answer";
    });
    give_authority_to("");
    wait_for("Member", 2);
    cluster().await_steady(3);
    expect_epoch_one();
}

// An etcd that stands still until this ends.
class Frozen {
  public:
    explicit Frozen(pid_t pid) : pid_(pid) { ::kill(pid_, SIGSTOP); }
    ~Frozen() { ::kill(pid_, SIGCONT); }
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;

  private:
    const pid_t pid_;
};

TEST_F(Conditions, FollowALostQuorumAndItsReturn) {
    form();
    wait_for("Quorum", 0);
    {
        const pid_t first = cluster().process_in(1, "etcd");
        const pid_t second = cluster().process_in(2, "etcd");
        ASSERT_GT(first, 0);
        ASSERT_GT(second, 0);
        const Frozen one(first);
        const Frozen two(second);
        wait_for("Quorum=False", 0);
        wait_for("Member=False", 0);
        cluster().await("the word of how many are left", [&] {
            return condition(0, "Quorum").value("message", "") == "1 of 3 voters answers";
        });
    }
    for (const int ordinal : {0, 1, 2}) {
        wait_for("Quorum", ordinal);
        wait_for("Member", ordinal);
    }
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
