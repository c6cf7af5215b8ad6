// `kubectl quorate` on a live cluster, as a person calls it: kubectl finds the program by its other
// name in PATH, and everything goes through the API server.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace fs = std::filesystem;
namespace {

constexpr int refused = 5;
constexpr int unreachable = 3;
constexpr int usage = 2;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

struct Kubectl : Lifecycle {
    Kubectl() {
        std::string path = fs::temp_directory_path() / "quorate-plugin-XXXXXX";
        directory = ::mkdtemp(path.data());
        fs::create_symlink(variable("QUORATE_BINARY"), directory / "kubectl-quorate");
    }
    ~Kubectl() override { fs::remove_all(directory); }

    Ran quorate(Words words) {
        words.insert(words.begin(), {"env", "PATH=" + directory.string() + ":" + variable("PATH"),
                                     "kubectl", "quorate"});
        words.insert(words.end(), {"--namespace", cluster().space()});
        return e2e::run(words);
    }
    std::string must_quorate(Words words) {
        const Ran ran = quorate(std::move(words));
        EXPECT_EQ(ran.status, 0) << ran.out << ran.err << cluster().picture();
        return ran.out;
    }
    Json status() {
        return Json::parse(quorate({"status", "q", "--output", "json"}).out, nullptr, false);
    }
    // All replicas answer, and the cluster is as desired.
    void await_told_steady() {
        cluster().await("kubectl quorate status to say steady", [&] {
            const Json now = status();
            return now.is_object() && now["status"]["phase"] == "steady";
        });
    }
    // Until it says `part`; all it said then.
    void await_told(const Words& words, const std::string& part, std::string& said) {
        cluster().await(part, [&] {
            said = quorate(words).out;
            return said.find(part) != std::string::npos;
        });
    }
    // The word after `flag` in what was printed.
    static std::string word_after(const std::string& text, const std::string& flag) {
        const std::size_t at = text.find(flag + " ");
        if (at == std::string::npos) return "";
        const std::size_t from = at + flag.size() + 1;
        return text.substr(from, text.find_first_of(" \n", from) - from);
    }
    Json statefulset() {
        return Json::parse(cluster().must_kubectl({"get", "statefulset", "q", "--output", "json"}));
    }

    fs::path directory;
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(Kubectl, StatusExplainAndMembersTellOfALiveCluster) {
    form();
    await_told_steady();
    // A slow machine may miss one answer or another: what one look tells is awaited.
    std::string table;
    await_told({"status"}, "q is steady: 3 of 3 ready, epoch 1", table);
    EXPECT_TRUE(has(table, "NAME  READY  ROLE")) << table;
    const Json picture = status();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(picture["status"]["members"].at(static_cast<std::size_t>(i))["member_id"],
                  cluster().member_id(i));
    await_told({"status", "sts/q", "--output", "yaml"}, "phase: \"steady\"", table);
    EXPECT_TRUE(has(must_quorate({"status", "q", "--output", "wide"}), "RESTARTS"));

    const std::string members = must_quorate({"members"});
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(has(members, cluster().member_id(i))) << members;
    EXPECT_FALSE(has(members, "does not")) << members;

    std::string told;
    await_told({"explain", "--last", "50"}, "q is steady", told);
    for (const char* replica : {"replica 0 event", "replica 1 event", "replica 2 event"})
        EXPECT_TRUE(has(told, replica)) << told;

    // The verbs of a pod, which all of this rests on, and which know the whole cluster too.
    cluster().await("a pod's own status to say steady", [&] {
        return has(cluster().kubectl({"exec", "q-1", "--", "quorate", "status"}).out,
                   "phase steady");
    });
    EXPECT_TRUE(has(cluster().must_kubectl({"exec", "q-1", "--", "quorate", "explain"}),
                    "replica 1 event"));
}

TEST_F(Kubectl, WhoMayNotExecIsToldTheRightThatIsMissing) {
    form({.replicas = 1});
    cluster().must_kubectl(
        {"create", "role", "looks", "--verb=get,list", "--resource=statefulsets.apps,pods"});
    cluster().must_kubectl({"create", "rolebinding", "looks", "--role=looks", "--user=eve"});
    const Ran looks = quorate({"status", "q", "--as", "eve"});
    EXPECT_EQ(looks.status, unreachable) << looks.out << looks.err;
    EXPECT_TRUE(has(looks.out,
                    "q-0 does not answer: User \"eve\" cannot create resource "
                    "\"pods/exec\""))
        << looks.out;
    const Ran nothing = quorate({"status", "q", "--as", "mallory"});
    EXPECT_EQ(nothing.status, refused) << nothing.err;
    EXPECT_TRUE(has(nothing.err, "cannot list resource \"statefulsets\"")) << nothing.err;
    const Ran nobody = quorate({"status", "other"});
    EXPECT_EQ(nobody.status, usage) << nobody.err;
    EXPECT_TRUE(has(nobody.err, "there are: q")) << nobody.err;
}

TEST_F(Kubectl, APodThatIsMissingIsToldAndTheOthersAnswer) {
    form();
    // Nowhere to go: the pod that follows is Pending.
    cluster().must_kubectl(
        {"patch", "statefulset", "q", "--patch",
         R"({"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null},"template":{"spec":{)"
         R"("nodeSelector":{"kubernetes.io/hostname":"nowhere"}}}}})"});
    cluster().delete_pod(2);
    Json now;
    cluster().await("two answers and a pod that is Pending", [&] {
        now = status();
        return now.is_object() && now["pods"][2]["phase"] == "Pending" &&
               now["pods"][0]["answers"] == true && now["pods"][1]["answers"] == true;
    });
    EXPECT_EQ(now["pods"][2]["answers"], false) << now;
    EXPECT_TRUE(has(now["pods"][2]["silent_because"], "the pod is Pending")) << now;
    cluster().must_kubectl({"patch", "statefulset", "q", "--type", "json", "--patch",
                            R"([{"op":"remove","path":"/spec/template/spec/nodeSelector"}])"});
    cluster().delete_pod(2);
    cluster().await_steady(3);
}

TEST_F(Kubectl, ALostMajorityIsRecoveredByPlanAndToken) {
    install(
        {.set = {"quorate.settings.quorum_lost_after=5s", "quorate.settings.survivors_wait=2s"}});
    cluster().await_steady(3);
    const auto etcdctl = [&](int ordinal, Words words) {
        words.insert(words.begin(),
                     {"exec", "q-" + std::to_string(ordinal), "--", "etcdctl",
                      "--endpoints=https://127.0.0.1:2379", "--cacert=/data/pki/etcd/ca.crt",
                      "--cert=/data/pki/etcd/client.crt", "--key=/data/pki/etcd/client.key"});
        return cluster().must_kubectl(words);
    };
    etcdctl(0, {"put", "kept", "by the survivor"});
    const Ran nothing_lost = quorate({"recover", "plan", "q"});
    EXPECT_EQ(nothing_lost.status, refused);
    EXPECT_TRUE(has(nothing_lost.err, "quorum is not lost; there is nothing to recover"));
    EXPECT_FALSE(has(nothing_lost.err, ".sock")) << nothing_lost.err;

    cluster().must_kubectl({"delete", "pvc", "data-q-1", "data-q-2", "--wait=false"});
    cluster().must_kubectl(
        {"delete", "pod", "q-1", "q-2", "--force", "--grace-period=0", "--wait=false"});
    Ran plan;
    cluster().await("a plan", [&] {
        plan = quorate({"recover", "plan", "q"});
        return plan.status == 0 && has(plan.out, "volumes lost: 1, 2");
    });
    EXPECT_TRUE(has(plan.out, "kubectl quorate recover apply q")) << plan.out;
    const Ran members = quorate({"members", "q"});
    EXPECT_EQ(members.status, unreachable);
    EXPECT_TRUE(has(members.out, cluster().member_id(0))) << members.out;
    EXPECT_TRUE(has(members.err, "as when quorum is lost; see kubectl quorate status q"))
        << members.err;
    const std::string explained = quorate({"explain", "q"}).out;
    EXPECT_TRUE(has(explained, "kubectl quorate recover plan q")) << explained;
    EXPECT_EQ(quorate({"recover", "apply", "q", "--token", "0123456789ab"}).status, refused);
    must_quorate({"recover", "apply", "q", "--token", word_after(plan.out, "--token")});
    cluster().await_steady(3);
    EXPECT_EQ(cluster().record().epoch, Epoch{2});
    EXPECT_TRUE(has(etcdctl(2, {"get", "kept"}), "by the survivor"));
    await_told_steady();
}

TEST_F(Kubectl, ExportedJournalsReplayBitForBitWhileAgentsWrite) {
    form();
    must_quorate({"journal", "export", "q", "--output", directory.string()});
    for (int i = 0; i < 3; ++i) {
        const Ran replayed = e2e::run({directory / "kubectl-quorate", "replay", "--quiet",
                                       directory / ("q-" + std::to_string(i) + ".journal")});
        EXPECT_EQ(replayed.status, 0) << replayed.err;
        EXPECT_TRUE(has(replayed.out, "q-" + std::to_string(i) + ": ")) << replayed.out;
        EXPECT_TRUE(has(replayed.out, "events agree")) << replayed.out;
    }
    for (const auto& entry : fs::directory_iterator(directory))
        EXPECT_FALSE(has(entry.path().filename(), ".part")) << entry.path();
    expect_writes_go_on();
}

TEST_F(Kubectl, ThePolicyIsSwitchedBothWaysWhileEveryPodRunsOn) {
    form({.policy = "OrderedReady"});
    const Words ids = cluster().member_ids(3);
    std::vector<std::pair<std::string, int>> pods;
    for (int i = 0; i < 3; ++i)
        pods.emplace_back(cluster().pod_uid(i), cluster().restarts(i));
    for (const auto& [word, policy] : {std::pair<std::string, std::string>{"parallel", "Parallel"},
                                       {"ordered", "OrderedReady"}}) {
        const Json before = statefulset();
        EXPECT_EQ(
            quorate({"policy", word, "q", "--apply", "0123456789ab", "--save", directory.string()})
                .status,
            refused);
        const std::string plan = must_quorate({"policy", word, "q"});
        EXPECT_EQ(statefulset()["metadata"]["uid"], before["metadata"]["uid"])
            << "a plan changes nothing";
        const std::string done =
            must_quorate({"policy", word, "q", "--apply", word_after(plan, "--apply"), "--save",
                          directory.string()});
        EXPECT_TRUE(has(done, "all 3 pods are the same and ran on")) << done;
        const Json after = statefulset();
        EXPECT_NE(after["metadata"]["uid"], before["metadata"]["uid"]);
        Json spec = before["spec"];
        spec["podManagementPolicy"] = policy;
        EXPECT_EQ(after["spec"], spec);
        EXPECT_EQ(after["metadata"]["labels"], before["metadata"]["labels"]);
        EXPECT_EQ(after["metadata"]["annotations"], before["metadata"]["annotations"]);
        EXPECT_TRUE(
            fs::exists(directory / ("q-statefulset-" +
                                    before["metadata"]["uid"].get<std::string>() + ".json")));
        cluster().await_steady(3);
        for (int i = 0; i < 3; ++i) {
            const auto& [uid, restarts] = pods.at(static_cast<std::size_t>(i));
            EXPECT_EQ(cluster().pod_uid(i), uid);
            EXPECT_EQ(cluster().restarts(i), restarts);
        }
        expect_writes_go_on();
    }
    EXPECT_EQ(cluster().member_ids(3), ids);
    expect_epoch_one();
    // The controller goes by the new object: what it makes is scaled as ever.
    cluster().scale(1);
    cluster().await_steady(1);
}

TEST_F(Kubectl, PauseStopsAllReplicasAndResumeStartsAsMany) {
    form();
    const Words ids = cluster().member_ids(3);
    must_quorate({"pause", "q"});
    cluster().await_no_pods();
    EXPECT_TRUE(has(must_quorate({"status", "q"}), "q is paused"));
    EXPECT_EQ(cluster().record().replicas.size(), 3U) << "nobody was removed";
    must_quorate({"resume", "q"});
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    expect_epoch_one();
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
