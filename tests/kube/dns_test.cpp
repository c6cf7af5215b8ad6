// DNS of the cluster answers late, never, or with what is no longer so. Etcd serves on through its
// connections, and whoever restarts meanwhile comes back as the member that it was (requirements
// C6).
#include <netdb.h>

#include <algorithm>
#include <memory>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

using std::chrono::seconds;

// As DNS of the cluster tells it now: nobody here remembers an answer.
std::string address_of(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return "";
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
    char text[NI_MAXHOST] = "";
    ::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    return text;
}

struct Dns : Lifecycle {
    // DNS is everybody's: it is as it was, however a case ends.
    void TearDown() override {
        lab({"dns-resume"});
        lab({"dns-heal"});
        Lifecycle::TearDown();
    }
    std::string host_of(int ordinal) {
        return "q-" + std::to_string(ordinal) + ".q-headless." + cluster().space();
    }
    bool says(int ordinal, const std::string& words) {
        return cluster().logs(ordinal).find(words) != std::string::npos;
    }
    void await_words(int ordinal, const std::string& words) {
        cluster().await("words of replica " + std::to_string(ordinal) + ": " + words,
                        [&] { return says(ordinal, words); });
    }
    // Its container runs, and its agent answers.
    void restart(int ordinal) {
        const std::string uid = cluster().pod_uid(ordinal);
        cluster().delete_pod(ordinal);
        cluster().await("another pod of replica " + std::to_string(ordinal), [&] {
            const std::string now = cluster().pod_uid(ordinal);
            return !now.empty() && now != uid && !cluster().status(ordinal).is_null();
        });
    }
    void expect_writes_for(seconds span) {
        const auto until = std::chrono::steady_clock::now() + span;
        while (std::chrono::steady_clock::now() < until)
            ASSERT_TRUE(writer().goes_on(5)) << cluster().picture();
    }
    void expect_all_as_before(const Words& ids) {
        cluster().await_steady(3);
        EXPECT_EQ(cluster().member_ids(3), ids) << "nobody joined afresh";
        for (const int i : {0, 1, 2})
            EXPECT_TRUE(cluster().set_aside(i).empty()) << i;
        EXPECT_TRUE(cluster().lease().is_null()) << "nobody had a reason to ask for authority";
        expect_epoch_one();
        expect_writes_go_on();
    }
};

// Twice the time after which a silent member is replaced: who cannot be looked up is not silent.
TEST_F(Dns, ThatAnswersNothingLosesNobodyItsMembership) {
    form({.set = {"quorate.settings.unresponsive_after=20s"}});
    const Words ids = cluster().member_ids(3);
    lab({"dns-pause"});
    restart(1);
    await_words(1, host_of(0) + " does not resolve");
    await_words(1, host_of(2) + " does not resolve");
    await_words(0, host_of(1) + " does not resolve");
    await_words(2, host_of(1) + " does not resolve");
    expect_writes_for(seconds(40));
    EXPECT_EQ(cluster().member_ids(3), ids) << "nobody was removed";
    EXPECT_EQ(cluster().status(0)["view"]["members"][1]["resolves"], false);
    cluster().await("the next step of who finds no quorum", [&] {
        const Json parked = cluster().status(1)["view"]["parked"];
        return parked.is_object() && parked["next_step"].get<std::string>().starts_with(
                                         "mend DNS first: replica 1 cannot look up q-0, q-2");
    });
    lab({"dns-resume"});
    expect_all_as_before(ids);
    EXPECT_EQ(cluster().status(0)["view"]["members"][1]["resolves"], true);
}

TEST_F(Dns, ThatAnswersLateKeepsNobodyOut) {
    form();
    const Words ids = cluster().member_ids(3);
    bool ready = false;
    lab({"dns-pause"});
    restart(2);
    for (int turn = 0; turn < 12 || !ready; ++turn) {
        ASSERT_LT(turn, 40) << cluster().picture();
        lab({"dns-pause"});
        expect_writes_for(seconds(3));
        lab({"dns-resume"});
        expect_writes_for(seconds(1));
        ready = cluster().pod_is_ready(2);
    }
    expect_all_as_before(ids);
}

// What DNS knows stays as it is: a pod that comes back has another address.
TEST_F(Dns, ThatTellsTheOldAddressLosesNobodyItsMembership) {
    form({.set = {"quorate.settings.unresponsive_after=20s"}});
    const Words ids = cluster().member_ids(3);
    const std::string old = cluster().pod_address(1);
    lab({"dns-cut"});
    restart(1);
    ASSERT_NE(cluster().pod_address(1), old);
    ASSERT_EQ(address_of(host_of(1) + ".svc.cluster.local"), old) << "DNS tells what was so";
    cluster().await("the replica at its new address", [&] { return cluster().pod_is_ready(1); });
    expect_writes_for(seconds(40));
    EXPECT_TRUE(cluster().pod_is_ready(1));
    EXPECT_EQ(address_of(host_of(1) + ".svc.cluster.local"), old) << "all the time";
    lab({"dns-heal"});
    expect_all_as_before(ids);
}

}  // namespace
}  // namespace quorate::kube_e2e
