// What kubectl quorate makes of what kubectl, the API server and the agents say.
#include <gtest/gtest.h>

#include "tools/quorate/kubectl/picture.hpp"
#include "tools/quorate/kubectl/plugin.hpp"
#include "tools/quorate/kubectl/policy.hpp"
#include "tools/quorate/kubectl/roster.hpp"
#include "tools/quorate/kubectl/words.hpp"

namespace quorate::cli::kubectl {
namespace {

const Spoken db{"db", " --namespace prod"};

// --- Words ---------------------------------------------------------------------------------------

TEST(KubectlWords, CommandsOfAgentsBecomeThoseOfKubectl) {
    EXPECT_EQ(in_kubectls_words("bring them back, or run: quorate recover plan", db),
              "bring them back, or run: kubectl quorate recover plan db --namespace prod");
    EXPECT_EQ(in_kubectls_words("bring it back with quorate scale 3", db),
              "bring it back with kubectl scale statefulset db --namespace prod --replicas 3");
    EXPECT_EQ(in_kubectls_words("quorate recover apply --token 1a", db),
              "kubectl quorate recover apply db --namespace prod --token 1a");
}

TEST(KubectlWords, WhatIsNoCommandStaysAsItIs) {
    for (const char* text : {"kubectl quorate status db", "quorate serves on",
                             "/run/quorate status", "requorate status", "quorate scale", ""})
        EXPECT_EQ(in_kubectls_words(text, db), text);
}

TEST(KubectlWords, AMissingRightIsNamedWithVerbAndResource) {
    const Failure failure = failure_in(
        "Error from server (Forbidden): pods \"db-1\" is forbidden: User \"eve\" cannot create "
        "resource \"pods/exec\" in API group \"\" in the namespace \"prod\"\n",
        "db-1");
    EXPECT_EQ(failure.kind, FailureKind::refused);
    EXPECT_EQ(failure.what,
              "User \"eve\" cannot create resource \"pods/exec\" in API group \"\" in the "
              "namespace \"prod\"; ask for a role with this verb on this resource");
}

TEST(KubectlWords, WhatCannotBeDoneIsNoMissingRight) {
    EXPECT_EQ(failure_in("error: cannot exec into a container in a completed pod; current phase is "
                         "Succeeded\n",
                         "db-2")
                  .what,
              "cannot exec into a container in a completed pod; current phase is Succeeded");
}

TEST(KubectlWords, EtcdctlsErrorIsToldWithoutItsLog) {
    EXPECT_EQ(failure_in("{\"level\":\"warn\",\"msg\":\"retrying\"}\nError: context deadline "
                         "exceeded\ncommand terminated with exit code 1\n",
                         "db-2")
                  .what,
              "Error: context deadline exceeded");
}

TEST(KubectlWords, AnApiServerThatIsSilentIsUnavailable) {
    const Failure failure = failure_in(
        "E1130 15:04:05.000 1 memcache.go:265] couldn't get current server API group list\n"
        "The connection to the server 10.0.0.1:443 was refused - did you specify the right host "
        "or port?\n",
        "kubectl get");
    EXPECT_EQ(failure.kind, FailureKind::unavailable);
    EXPECT_TRUE(failure.what.starts_with("The connection")) << failure.what;
}

TEST(KubectlWords, WhatTheAgentsProgramSaysIsToldWithoutKubectlsWords) {
    const std::string err =
        "Defaulted container \"quorate\" out of: quorate, sidecar\n"
        "quorate: recover: quorum is not lost\ncommand terminated with exit code 5\n";
    EXPECT_EQ(exit_in(err), 5);
    EXPECT_EQ(failure_in(err, "db-0").what, "recover: quorum is not lost");
    EXPECT_EQ(failure_in(err, "db-0").kind, FailureKind::refused);
}

TEST(KubectlWords, AnAgentThatDoesNotRunYetIsUnavailableAndRefusesNothing) {
    const std::string err =
        "quorate: /run/quorate: nothing runs here\ncommand terminated with exit code 3\n";
    EXPECT_EQ(failure_in(err, "db-0").kind, FailureKind::unavailable);
    EXPECT_EQ(exit_in("error: context \"x\" does not exist\n"), std::nullopt);
}

// --- Pods ----------------------------------------------------------------------------------------

Json pod(const std::string& name, const std::string& phase, const Json& state) {
    return {
        {"metadata",
         {{"name", name}, {"uid", "uid-" + name}, {"creationTimestamp", "2026-01-01T00:00:00Z"}}},
        {"spec", {{"nodeName", "node1"}}},
        {"status",
         {{"phase", phase},
          {"containerStatuses", {{{"name", "quorate"}, {"restartCount", 2}, {"state", state}}}}}}};
}
Json running(const std::string& name) {
    return pod(name, "Running", {{"running", Json::object()}});
}

TEST(KubectlPods, OnlyARunningContainerIsAsked) {
    EXPECT_EQ(trouble_of(running("db-0")), "");
    EXPECT_EQ(trouble_of(nullptr), "there is no pod");
    EXPECT_EQ(trouble_of(pod(
                  "db-0", "Running",
                  {{"waiting", {{"reason", "CrashLoopBackOff"}, {"message", "back-off 10s"}}}})),
              "the pod is Running, container quorate is waiting: CrashLoopBackOff: back-off 10s");
    const Json unscheduled = {{"status",
                               {{"phase", "Pending"},
                                {"conditions",
                                 {{{"type", "PodScheduled"},
                                   {"status", "False"},
                                   {"reason", "Unschedulable"},
                                   {"message", "0/3 nodes are available"}}}}}}};
    EXPECT_EQ(trouble_of(unscheduled),
              "the pod is Pending, Unschedulable: 0/3 nodes are available");
}

TEST(KubectlPods, AgesAreThoseOfKubectl) {
    EXPECT_EQ(age_text(seconds(45)), "45s");
    EXPECT_EQ(age_text(seconds(12 * 60)), "12m");
    EXPECT_EQ(age_text(seconds(5 * 3600)), "5h");
    EXPECT_EQ(age_text(seconds(3 * 86400)), "3d");
    EXPECT_EQ(age_text(seconds(-5)), "0s") << "clocks differ";
    EXPECT_EQ(seconds_in("1970-01-02T00:00:01Z"), 86401);
    EXPECT_EQ(seconds_in("yesterday"), std::nullopt);
}

TEST(KubectlYaml, IsReadAsTheJsonItWasMadeOf) {
    const Json json = {{"a", "true"},
                       {"b", Json::array({1, Json({{"c", nullptr}, {"d", Json::array({"x"})}})})},
                       {"e", Json::object()},
                       {"f", Json::array()}};
    EXPECT_EQ(as_yaml(json),
              "a: \"true\"\n"
              "b:\n"
              "- 1\n"
              "- c: null\n"
              "  d:\n"
              "  - \"x\"\n"
              "e: {}\n"
              "f: []\n");
}

// --- Status --------------------------------------------------------------------------------------

Json member(std::uint32_t ordinal) {
    return {{"ordinal", ordinal},
            {"name", "db-" + std::to_string(ordinal)},
            {"member_id", "a" + std::to_string(ordinal)},
            {"role", "voter"},
            {"leader", ordinal == 1},
            {"phase", "voting"},
            {"ready", ordinal != 2},
            {"client_url", "https://db-" + std::to_string(ordinal) + ":2379"},
            {"peer_url", "https://db:2380"},
            {"agent_pid", nullptr},
            {"etcd_pid", nullptr},
            {"revision", 5},
            {"raft_term", 2},
            {"raft_index", ordinal == 2 ? 90 : 100},
            {"db_size_bytes", 20480},
            {"etcd_version", "3.6.16"}};
}

Json own_answer(std::uint32_t ordinal) {
    Json self = member(ordinal);
    self["phase"] = "serving";
    self["agent_pid"] = 1;
    Json view = {{"event", 10},
                 {"lineage", "L"},
                 {"epoch", 1},
                 {"stage", "formed"},
                 {"record_revision", 9},
                 {"desired", 3},
                 {"authority", 1},
                 {"cluster_phase", "following"},
                 {"quorum_lost", false},
                 {"repair", "idle"},
                 {"parked", nullptr},
                 {"last_decision", nullptr},
                 {"voters", 3},
                 {"learners", 0},
                 {"members", {member(0), member(1), member(2)}}};
    return Json::array({{{"self", self}, {"view", view}}});
}

const Json statefulset = {
    {"metadata",
     {{"name", "db"},
      {"namespace", "prod"},
      {"uid", "u1"},
      {"resourceVersion", "7"},
      {"generation", 1},
      {"managedFields", Json::array()},
      {"creationTimestamp", "x"},
      {"labels", {{"app.kubernetes.io/name", "quorate"}}},
      {"annotations", {{"meta.helm.sh/release-name", "db"}}}}},
    {"spec", {{"replicas", 3}, {"podManagementPolicy", "OrderedReady"}}},
    {"status", {{"observedGeneration", 1}, {"currentRevision", "r"}, {"updateRevision", "r"}}}};

// Replicas 0 and 1 answer, the third has no pod.
std::vector<Heard> two_of_three() {
    std::vector<Heard> heard;
    for (const std::uint32_t i : {0U, 1U}) {
        const std::string name = "db-" + std::to_string(i);
        heard.push_back({{Ordinal{i}, name, running(name)}, own_answer(i).dump()});
    }
    heard.push_back({{Ordinal{2}, "db-2", nullptr}, unavailable("there is no pod", "db-2")});
    return heard;
}

constexpr std::int64_t five_minutes_later = 1767225600 + 300;

TEST(KubectlStatus, IsALineAReplicaAndTheVerdict) {
    const Json picture = picture_of(statefulset, two_of_three(), db);
    EXPECT_EQ(render_replicas(picture, Width::normal, five_minutes_later),
              "NAME  READY  ROLE    PHASE    MEMBER-ID  ETCD    AUTHORITY  AGE\n"
              "db-0  yes    voter   serving  a0         3.6.16  -          5m\n"
              "db-1  yes    leader  serving  a1         3.6.16  yes        5m\n"
              "db-2  no     voter   voting   a2         3.6.16  -          -\n");
    EXPECT_EQ(render_verdict(picture, db),
              "db is degraded: 2 of 3 ready, epoch 1, record 9\n"
              "db-2 does not answer: there is no pod\n");
}

TEST(KubectlStatus, AuthorityThatItsHolderGaveBackIsNotShown) {
    std::vector<Heard> heard = two_of_three();
    Json answer = own_answer(1);
    answer[0]["view"]["authority"] = nullptr;
    heard[1].said = answer.dump();
    EXPECT_TRUE(picture_of(statefulset, heard, db)["status"]["authority"].is_null());
}

TEST(KubectlStatus, ControlPlanesHaveAColumnWhereThereAreSome) {
    std::vector<Heard> heard = two_of_three();
    Json answer = own_answer(0);
    answer[0]["self"]["control_plane"] = {
        {"running", true}, {"pid", 7}, {"exits", 2}, {"last_exit", "ended by itself, signal 9"}};
    heard[0].said = answer.dump();
    const std::string text =
        render_replicas(picture_of(statefulset, heard, db), Width::normal, five_minutes_later);
    EXPECT_NE(text.find("AGE  CONTROL-PLANE\n"), std::string::npos) << text;
    EXPECT_NE(text.find("5m   runs, 2 exits\n"), std::string::npos) << text;
    EXPECT_NE(text.find("-    -\n"), std::string::npos) << text;
}

TEST(KubectlStatus, WideHasPodsAndSizesToo) {
    const std::string text = render_replicas(picture_of(statefulset, two_of_three(), db),
                                             Width::wide, five_minutes_later);
    EXPECT_NE(text.find("LAG  REVISION  DB        POD      RESTARTS  NODE   CLIENT"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("0    5         20.0 KiB  Running  2         node1  https://db-0:2379"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("10   5         20.0 KiB  -        -         -      https://db-2:2379"),
              std::string::npos)
        << text;
}

TEST(KubectlStatus, NobodyAnswersAndTheReplicasAreShownAllTheSame) {
    std::vector<Heard> heard;
    heard.push_back({{Ordinal{0}, "db-0", running("db-0")},
                     refused("User \"eve\" cannot create resource \"pods/exec\"", "db-0")});
    const Json picture = picture_of(statefulset, heard, db);
    EXPECT_EQ(picture["pods"][0]["answers"], false);
    EXPECT_EQ(picture["status"]["phase"], "unknown");
    EXPECT_NE(render_replicas(picture, Width::normal, five_minutes_later).find("db-0  no     -"),
              std::string::npos);
    EXPECT_NE(render_verdict(picture, db).find("db-0 does not answer: User \"eve\" cannot create"),
              std::string::npos);
}

TEST(KubectlStatus, TheNextStepIsACommandOfKubectl) {
    std::vector<Heard> heard = two_of_three();
    Json answer = own_answer(0);
    answer[0]["view"]["parked"] = {{"reason", "quorum is lost"},
                                   {"next_step", "run: quorate recover plan"},
                                   {"replica", nullptr}};
    heard[0].said = answer.dump();
    const std::string text = render_verdict(picture_of(statefulset, heard, db), db);
    EXPECT_NE(text.find("db is parked: "), std::string::npos) << text;
    EXPECT_NE(text.find("next step: run: kubectl quorate recover plan db --namespace prod\n"),
              std::string::npos)
        << text;
}

// --- Members -------------------------------------------------------------------------------------

ClusterRecord record_of_three() {
    ClusterRecord record;
    record.lineage = Lineage{"L"};
    record.epoch = Epoch{1};
    for (std::uint32_t i = 0; i < 3; ++i)
        record.replicas[Ordinal{i}].member_id = MemberId{0xa0 + i};
    return record;
}

TEST(KubectlMembers, ListAndRecordThatAgreeHaveNoDifference) {
    Json list = Json::array();
    for (std::uint32_t i = 0; i < 3; ++i)
        list.push_back({{"ID", 0xa0 + i},
                        {"name", "db-" + std::to_string(i)},
                        {"peerURLs", {"https://db-" + std::to_string(i) + ".h:2380"}}});
    const Json roster = roster_of("db", list, record_of_three());
    ASSERT_EQ(roster["members"].size(), 3U);
    for (const Json& entry : roster["members"])
        EXPECT_TRUE(entry["difference"].is_null()) << entry;
}

TEST(KubectlMembers, WhoStandsInOneOfTheTwoIsToldOf) {
    const Json list = {{{"ID", 0xa0}, {"name", "db-0"}, {"peerURLs", {"https://db-0.h:2380"}}},
                       {{"ID", 0xb1}, {"name", "db-1"}, {"peerURLs", {"https://db-1.h:2380"}}},
                       {{"ID", 0xb4}, {"isLearner", true}, {"peerURLs", {"https://db-4.h:2380"}}}};
    EXPECT_EQ(render_roster(roster_of("db", list, record_of_three())),
              "NAME  LISTED  RECORDED  ROLE     PEER\n"
              "db-0  a0      a0        voter    https://db-0.h:2380\n"
              "db-1  b1      a1        voter    https://db-1.h:2380\n"
              "db-2  -       a2        -        -\n"
              "db-4  b4      -         learner  https://db-4.h:2380\n"
              "lineage L, epoch 1, record 0\n"
              "db-1: the record has another identity than etcd's list\n"
              "db-2: the record has it, etcd's list does not\n"
              "db-4: etcd's list has it, the record does not\n");
}

TEST(KubectlMembers, AReplicaThatIsNoMemberIsNotListed) {
    ClusterRecord record = record_of_three();
    record.replicas[Ordinal{3}] = {};  // scaled away
    EXPECT_EQ(roster_of("db", nullptr, record)["members"].size(), 3U);
}

TEST(KubectlMembers, AListThatNobodyTellsIsNoDifference) {
    const std::string text = render_roster(roster_of("db", nullptr, record_of_three()));
    EXPECT_NE(text.find("etcd's list is not known"), std::string::npos);
    EXPECT_EQ(text.find("does not"), std::string::npos) << text;
}

// --- Policy --------------------------------------------------------------------------------------

TEST(KubectlPolicy, WhatIsMadeAgainIsTheSameButForThePolicyAndTheApisOwnFields) {
    const Json object = made_again(statefulset, "Parallel");
    EXPECT_EQ(object["spec"], Json({{"replicas", 3}, {"podManagementPolicy", "Parallel"}}));
    EXPECT_EQ(object["metadata"], Json({{"name", "db"},
                                        {"namespace", "prod"},
                                        {"labels", {{"app.kubernetes.io/name", "quorate"}}},
                                        {"annotations", {{"meta.helm.sh/release-name", "db"}}}}));
    EXPECT_FALSE(object.contains("status"));
}

TEST(KubectlPolicy, ATokenIsOfOneObjectAsItWasReadAndOfOneWay) {
    const std::string token = policy_token(statefulset, "Parallel");
    EXPECT_EQ(token.size(), 12U);
    EXPECT_EQ(token, policy_token(statefulset, "Parallel"));
    Json changed = statefulset;
    changed["metadata"]["resourceVersion"] = "8";
    Json another = statefulset;
    another["metadata"]["uid"] = "u2";
    EXPECT_NE(token, policy_token(changed, "Parallel"));
    EXPECT_NE(token, policy_token(another, "Parallel"));
    EXPECT_NE(token, policy_token(statefulset, "OrderedReady"));
}

TEST(KubectlPolicy, IsRefusedDuringARollout) {
    EXPECT_EQ(policy_refusal(statefulset), "");
    Json rolling = statefulset;
    rolling["status"]["updateRevision"] = "r2";
    EXPECT_NE(policy_refusal(rolling), "");
    Json unseen = statefulset;
    unseen["metadata"]["generation"] = 2;
    EXPECT_NE(policy_refusal(unseen), "");
}

TEST(KubectlPolicy, APodThatIsAnotherOrWasRestartedIsLost) {
    const std::vector<Json> before = {running("db-0"), running("db-1")};
    const std::vector<Kept> kept = kept_in(before);
    EXPECT_EQ(lost_of(kept, before), "");
    std::vector<Json> now = before;
    now[1]["status"]["containerStatuses"][0]["restartCount"] = 3;
    EXPECT_EQ(lost_of(kept, now), "db-1 was restarted");
    now[1] = before[1];
    now[1]["metadata"]["uid"] = "another";
    EXPECT_EQ(lost_of(kept, now), "db-1 is another pod now");
    EXPECT_EQ(lost_of(kept, {before[0]}), "db-1 is gone");
}

TEST(KubectlPolicy, APodIsTakenOverWhenTheNewSetControlsIt) {
    std::vector<Json> pods = {running("db-0")};
    const std::vector<Kept> kept = kept_in(pods);
    EXPECT_FALSE(all_owned(kept, pods, "u2"));
    pods[0]["metadata"]["ownerReferences"] = {{{"uid", "u2"}, {"controller", true}}};
    EXPECT_TRUE(all_owned(kept, pods, "u2"));
    EXPECT_FALSE(all_owned(kept, pods, "u1"));
}

TEST(KubectlPlugin, IsTheProgramByItsOtherName) {
    EXPECT_TRUE(is_plugin("/usr/bin/kubectl-quorate"));
    EXPECT_FALSE(is_plugin("/usr/bin/quorate"));
    EXPECT_FALSE(is_plugin(nullptr));
}

}  // namespace
}  // namespace quorate::cli::kubectl
