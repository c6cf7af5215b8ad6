// kubectl quorate against a real API server that has no nodes: what it finds, what it refuses, what
// it writes. What needs pods is in tests/kube.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/contract/kube/api_server.hpp"
#include "tests/e2e/support/run.hpp"

namespace quorate::kube {
namespace {

namespace fs = std::filesystem;
using e2e::Ran;
using test::ApiServer;
using test::fresh_name;
using test::shared_server;
using testing::AllOf;
using testing::HasSubstr;
using Words = std::vector<std::string>;

constexpr int usage = 2;
constexpr int unreachable = 3;
constexpr int timed_out = 4;
constexpr int refused = 5;
constexpr Span patience = seconds(30);

class KubectlQuorate : public testing::Test {
  protected:
    void SetUp() override {
        if (ApiServer::program().empty()) GTEST_SKIP() << kube::test::no_api_server;
        std::string path = fs::temp_directory_path() / "quorate-kubectl-XXXXXX";
        dir = ::mkdtemp(path.data());
        const char* binary = std::getenv("QUORATE_BINARY");
        fs::create_symlink(binary == nullptr ? "quorate" : binary, dir / "kubectl-quorate");
        for (const char* user : {"admin", "nobody"})
            write_kubeconfig(user);
        space = fresh_name();
        must_kubectl({"create", "namespace", space});
    }
    void TearDown() override {
        if (!dir.empty()) fs::remove_all(dir);
    }

    // As kubectl starts it: by its other name, with the kubectl it came from in PATH.
    Ran quorate(Words words, const std::string& user = "admin") {
        words.insert(words.begin(), {"env", "PATH=" + ApiServer::program().parent_path().string(),
                                     dir / "kubectl-quorate"});
        words.insert(words.end(), {"--namespace", space, "--kubeconfig", dir / user});
        return e2e::run(words);
    }
    std::string must_kubectl(Words words) {
        words.insert(words.begin(), {ApiServer::program().parent_path() / "kubectl", "--kubeconfig",
                                     dir / "admin", "--namespace", space});
        const Ran ran = e2e::run(words);
        EXPECT_EQ(ran.status, 0) << ran.err;
        return ran.out;
    }
    // As the chart makes it, as far as the plugin looks.
    void make_statefulset(const std::string& name, const std::string& component = "agent") {
        const Json labels = {{"app.kubernetes.io/name", "quorate"},
                             {"app.kubernetes.io/instance", name},
                             {"app.kubernetes.io/component", component}};
        const Json object = {
            {"apiVersion", "apps/v1"},
            {"kind", "StatefulSet"},
            {"metadata", {{"name", name}, {"namespace", space}, {"labels", labels}}},
            {"spec",
             {{"replicas", 3},
              {"serviceName", name},
              {"podManagementPolicy", "OrderedReady"},
              {"selector", {{"matchLabels", labels}}},
              {"template",
               {{"metadata", {{"labels", labels}}},
                {"spec", {{"containers", {{{"name", "quorate"}, {"image", "none"}}}}}}}}}}};
        const Resource resource{"apps/v1", "statefulsets", space, name};
        const auto made = shared_server().client()->create(resource, object, patience);
        ASSERT_TRUE(made && made->ok());
    }
    Json statefulset(const std::string& name) {
        return Json::parse(must_kubectl({"get", "statefulset", name, "--output", "json"}));
    }
    // What the controller would say of a set with nothing to do.
    void say_it_is_settled(const std::string& name) {
        must_kubectl({"patch", "statefulset", name, "--subresource", "status", "--type", "merge",
                      "--patch",
                      R"({"status":{"observedGeneration":1,"replicas":0,"currentRevision":"r",)"
                      R"("updateRevision":"r"}})"});
    }

    fs::path dir;
    std::string space;

  private:
    void write_kubeconfig(const std::string& user) {
        const Access access = shared_server().access(user);
        const Json config = {
            {"apiVersion", "v1"},
            {"kind", "Config"},
            {"current-context", "c"},
            {"contexts", {{{"name", "c"}, {"context", {{"cluster", "k"}, {"user", "u"}}}}}},
            {"clusters",
             {{{"name", "k"},
               {"cluster",
                {{"server", access.server}, {"certificate-authority", access.ca.string()}}}}}},
            {"users", {{{"name", "u"}, {"user", {{"tokenFile", access.token.string()}}}}}}};
        std::ofstream(dir / user) << config.dump();
    }
};

TEST_F(KubectlQuorate, WhereNoneIsThatIsSaid) {
    const Ran ran = quorate({"status"});
    EXPECT_EQ(ran.status, usage);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("this namespace has none"), HasSubstr("--namespace")));
}

TEST_F(KubectlQuorate, TheOnlyOneNeedsNoNameAndOneOfTwoDoes) {
    make_statefulset("one");
    make_statefulset("store", "etcd");  // the chart's separate etcd is none of Quorate's
    const Ran only = quorate({"status"});
    EXPECT_EQ(only.status, unreachable) << only.err;
    EXPECT_THAT(only.out, AllOf(HasSubstr("one: no agent answers"),
                                HasSubstr("one-2 does not answer: there is no pod")));
    make_statefulset("two");
    const Ran which = quorate({"status"});
    EXPECT_EQ(which.status, usage);
    EXPECT_THAT(which.err, HasSubstr("there are: one, two"));
    EXPECT_THAT(quorate({"status", "sts/two"}).out, HasSubstr("two-0"));
    EXPECT_THAT(quorate({"status", "store"}).err, HasSubstr("store is no StatefulSet of Quorate"));
}

TEST_F(KubectlQuorate, WhoMayNotListIsToldWhichRightIsMissing) {
    const Ran ran = quorate({"status", "one"}, "nobody");
    EXPECT_EQ(ran.status, refused);
    EXPECT_THAT(ran.err, HasSubstr("User \"nobody\" cannot list resource \"statefulsets\" in API "
                                   "group \"apps\""));
}

TEST_F(KubectlQuorate, AnApiServerThatIsSilentIsToldAfterTheTimeout) {
    shared_server().pause();
    const Ran ran = quorate({"status", "one", "--timeout", "500ms"});
    shared_server().go_on();
    EXPECT_EQ(ran.status, unreachable);
    EXPECT_THAT(ran.err, HasSubstr("no answer in 500ms"));
}

TEST_F(KubectlQuorate, AKubectlThatIsNoneIsBadInput) {
    const Ran ran = quorate({"status", "one", "--kubectl", "/nowhere/kubectl"});
    EXPECT_EQ(ran.status, usage);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("/nowhere/kubectl"), HasSubstr("--kubectl PATH")));
}

TEST_F(KubectlQuorate, PauseRemembersHowManyResumeStarts) {
    make_statefulset("one");
    EXPECT_EQ(quorate({"pause", "one"}).status, 0);
    EXPECT_EQ(statefulset("one")["spec"]["replicas"], 0);
    const Ran paused = quorate({"status"});
    EXPECT_EQ(paused.status, 0) << "nobody is meant to answer: " << paused.err;
    EXPECT_THAT(paused.out, HasSubstr("one is paused"));
    EXPECT_EQ(quorate({"pause", "one"}).status, 0) << "again is no error";
    EXPECT_EQ(quorate({"resume", "one"}).status, 0);
    EXPECT_EQ(statefulset("one")["spec"]["replicas"], 3);
    EXPECT_FALSE(statefulset("one")["metadata"]
                     .value("annotations", Json::object())
                     .contains("quorate/replicas-before-pause"));
}

TEST_F(KubectlQuorate, ResumeGuessesNoNumber) {
    make_statefulset("one");
    must_kubectl({"scale", "statefulset", "one", "--replicas", "0"});
    const Ran ran = quorate({"resume", "one"});
    EXPECT_EQ(ran.status, usage);
    EXPECT_THAT(ran.err, HasSubstr("--replicas"));
    EXPECT_EQ(quorate({"resume", "one", "--replicas", "3"}).status, 0);
    EXPECT_EQ(statefulset("one")["spec"]["replicas"], 3);
}

TEST_F(KubectlQuorate, APolicyIsNotMovedBeforeTheControllerSawTheSet) {
    make_statefulset("one");
    const Ran ran = quorate({"policy", "parallel", "one"});
    EXPECT_EQ(ran.status, refused) << ran.out;
    EXPECT_THAT(ran.err, HasSubstr("has not been seen by the controller"));
}

TEST_F(KubectlQuorate, WhoMayDeleteAndNotCreateDeletesNothing) {
    make_statefulset("one");
    say_it_is_settled("one");
    must_kubectl(
        {"create", "role", "half", "--verb=get,list,delete", "--resource=statefulsets.apps,pods"});
    must_kubectl({"create", "rolebinding", "half", "--role=half", "--user=nobody"});
    const std::string plan = quorate({"policy", "parallel", "one"}, "nobody").out;
    const std::size_t at = plan.find("--apply ");
    ASSERT_NE(at, std::string::npos) << plan;
    const Ran ran = quorate(
        {"policy", "parallel", "one", "--apply", plan.substr(at + 8, 12), "--save", dir.string()},
        "nobody");
    EXPECT_EQ(ran.status, refused) << ran.out;
    EXPECT_THAT(ran.err, AllOf(HasSubstr("nothing was changed"), HasSubstr("cannot create")));
    EXPECT_FALSE(statefulset("one")["metadata"].contains("deletionTimestamp"));
}

// Nobody lets the pods go here: the deletion never ends, and what is to be put back is at hand.
TEST_F(KubectlQuorate, APolicyThatIsCutShortHasSavedTheSetAndSaysHowToPutItBack) {
    make_statefulset("one");
    say_it_is_settled("one");
    const std::string uid = statefulset("one")["metadata"]["uid"];
    const std::string plan = quorate({"policy", "parallel", "one"}).out;
    const std::size_t at = plan.find("--apply ");
    ASSERT_NE(at, std::string::npos) << plan;
    const Ran ran = quorate({"policy", "parallel", "one", "--apply", plan.substr(at + 8, 12),
                             "--save", dir.string(), "--wait", "1s"});
    const fs::path file = dir / ("one-statefulset-" + uid + ".json");
    EXPECT_EQ(ran.status, timed_out) << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("kubectl create --filename " + file.string()));
    must_kubectl({"patch", "statefulset", "one", "--type", "merge", "--patch",
                  R"({"metadata":{"finalizers":null}})"});
    must_kubectl({"create", "--filename", file.string()});
    EXPECT_EQ(statefulset("one")["spec"]["podManagementPolicy"], "Parallel");
}

}  // namespace
}  // namespace quorate::kube
