// What people see of a replica in its pod, on a real API server.
#include "adapters/kube/conditions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/kube/api_server.hpp"

namespace quorate::kube {
namespace {

using etcd::test::eventually;
using test::ApiServer;
using test::fresh_name;
using test::shared_server;
using testing::HasSubstr;
using Status = Condition::Status;

constexpr Span patience = seconds(30);
constexpr const char* long_ago = "2020-01-01T00:00:00Z";
constexpr ConditionPace at_once{Span{}, Span{}, milliseconds(50), milliseconds(200)};

class ConditionsOfAPod : public testing::Test {
  protected:
    void SetUp() override {
        if (ApiServer::program().empty()) GTEST_SKIP() << kube::test::no_api_server;
    }

    // As a StatefulSet would; the pod's uid.
    static std::string create(const Client& client, const std::string& name) {
        const Resource account{"v1", "serviceaccounts", "default", "default"};
        const Json accounts = {{"apiVersion", "v1"},
                               {"kind", "ServiceAccount"},
                               {"metadata", {{"name", "default"}, {"namespace", "default"}}}};
        static_cast<void>(client.create(account, accounts, patience));  // or it is there already
        const Json object = {
            {"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"name", name}, {"namespace", "default"}}},
            {"spec", {{"containers", {{{"name", "quorate"}, {"image", "localhost/quorate"}}}}}}};
        const auto made = client.create(pod_of(name), object, patience);
        if (!made || !made->ok())
            throw std::runtime_error(made ? made->body.dump() : made.error().what);
        return made->body["metadata"]["uid"];
    }
    static Resource pod_of(const std::string& name) { return {"v1", "pods", "default", name}; }

    static std::unique_ptr<PodConditions> of(const std::shared_ptr<const Client>& client,
                                             const std::string& name, const std::string& uid,
                                             ConditionPace pace = at_once) {
        return std::make_unique<PodConditions>(client, PodConditions::Pod{"default", name, uid},
                                               pace);
    }
    static Json read(const Client& client, const std::string& name) {
        const auto answer = client.get(pod_of(name), Read::quorum, patience);
        return answer && answer->ok() ? answer->body : Json();
    }
    // A condition of long ago, as an earlier life of the agent left it.
    static void leave(const Client& client, const std::string& name, Json condition) {
        condition["type"] = "quorate/Member";
        condition["lastTransitionTime"] = long_ago;
        const Json patch = {{"status", {{"conditions", Json::array({condition})}}}};
        const auto answer = client.patch_status(pod_of(name), patch, patience);
        ASSERT_TRUE(answer && answer->ok());
    }
    // null: the pod has none of the type.
    static Json condition(const Client& client, const std::string& name, const std::string& type) {
        const Json pod = read(client, name);
        for (const Json& one : pod.value("/status/conditions"_json_pointer, Json::array()))
            if (one["type"] == type) return one;
        return {};
    }
};

Condition member(Status status, const std::string& message = "a line") {
    return {"Member", status, status == Status::yes ? "Voter" : "Learner", message};
}

TEST_F(ConditionsOfAPod, AreInItsStatusBesideThoseOfOthers) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const std::string uid = create(*client, name);
    const Json others = {{"status", {{"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}};
    ASSERT_TRUE(client->patch_status(pod_of(name), others, patience)->ok());
    const auto conditions = of(client, name, uid);
    conditions->are(
        {member(Status::yes), {"Quorum", Status::unknown, "NotFormed", "there is no cluster yet"}});
    ASSERT_TRUE(eventually([&] { return conditions->told(); }));
    const Json told = condition(*client, name, "quorate/Member");
    EXPECT_EQ(told["status"], "True");
    EXPECT_EQ(told["reason"], "Voter");
    EXPECT_EQ(told["message"], "a line");
    EXPECT_TRUE(told["lastTransitionTime"].is_string()) << told;
    EXPECT_EQ(condition(*client, name, "quorate/Quorum")["status"], "Unknown");
    EXPECT_EQ(condition(*client, name, "Ready")["status"], "True");
}

TEST_F(ConditionsOfAPod, OtherWordsAreNoTransition) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const std::string uid = create(*client, name);
    leave(*client, name, {{"status", "False"}});
    const auto conditions = of(client, name, uid);
    conditions->are({member(Status::no, "other words")});
    ASSERT_TRUE(eventually([&] { return conditions->told(); }));
    EXPECT_EQ(condition(*client, name, "quorate/Member")["message"], "other words");
    EXPECT_EQ(condition(*client, name, "quorate/Member")["lastTransitionTime"], long_ago);
    conditions->are({member(Status::yes)});
    ASSERT_TRUE(eventually([&] { return conditions->told(); }));
    EXPECT_NE(condition(*client, name, "quorate/Member")["lastTransitionTime"], long_ago);
}

// An agent that starts again in its pod has nothing new to say.
TEST_F(ConditionsOfAPod, WhatIsThereIsNotWrittenAgain) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const std::string uid = create(*client, name);
    leave(*client, name, {{"status", "True"}, {"reason", "Voter"}, {"message", "a line"}});
    const Json before = read(*client, name);
    const auto conditions = of(client, name, uid);
    conditions->are({member(Status::yes)});
    ASSERT_TRUE(eventually([&] { return conditions->told(); }));
    EXPECT_EQ(read(*client, name), before);
}

TEST_F(ConditionsOfAPod, AnotherWriteWaitsForItsTime) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const std::string uid = create(*client, name);
    ConditionPace pace = at_once;
    pace.period = minutes(60);
    const auto conditions = of(client, name, uid, pace);
    conditions->are({member(Status::yes)});
    ASSERT_TRUE(eventually([&] { return conditions->told(); }));
    conditions->are({member(Status::no)});
    // Another pod's is written meanwhile, which is longer than it would have taken.
    const std::string next = fresh_name();
    const auto witness = of(client, next, create(*client, next));
    witness->are({member(Status::no)});
    ASSERT_TRUE(eventually([&] { return witness->told(); }));
    EXPECT_FALSE(conditions->told());
    EXPECT_EQ(condition(*client, name, "quorate/Member")["status"], "True");
}

TEST_F(ConditionsOfAPod, OfWhatFlapsTheLastArrives) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const std::string uid = create(*client, name);
    ConditionPace pace = at_once;
    pace.period = milliseconds(300);
    const auto conditions = of(client, name, uid, pace);
    conditions->are({member(Status::yes, "first")});
    ASSERT_TRUE(eventually([&] { return conditions->told(); }));
    for (int i = 0; i <= 200; ++i)
        conditions->are({member(i % 2 == 0 ? Status::yes : Status::no, std::to_string(i))});
    ASSERT_TRUE(eventually([&] { return conditions->told(); }));
    EXPECT_EQ(condition(*client, name, "quorate/Member")["message"], "200");
}

// A twin that lives on while its name is another's already says nothing of that one.
TEST_F(ConditionsOfAPod, APodOfTheSameNameThatCameAfterIsNotTouched) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    create(*client, name);
    testing::internal::CaptureStderr();
    {
        const auto conditions = of(client, name, "11111111-2222-3333-4444-555555555555");
        conditions->are({member(Status::yes)});
        EXPECT_TRUE(eventually([&] { return conditions->failures() > 1; }));
    }
    const Json of_another = {{"metadata", {{"uid", "another"}}}};
    EXPECT_EQ(client->patch_status(pod_of(name), of_another, patience)->status, 422);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("uid"));
    EXPECT_TRUE(condition(*client, name, "quorate/Member").is_null());
}

TEST_F(ConditionsOfAPod, WhatWaitedForAServerThatWasAwayIsToldWhenItIsBack) {
    ApiServer server;
    const std::string name = fresh_name();
    const auto client = server.client();
    const std::string uid = create(*client, name);
    const auto conditions = of(client, name, uid);
    server.kill();
    conditions->are({member(Status::no)});
    conditions->are({member(Status::yes)});
    server.start();
    ASSERT_TRUE(eventually([&] { return conditions->told(); }));
    EXPECT_EQ(condition(*client, name, "quorate/Member")["status"], "True");
}

TEST_F(ConditionsOfAPod, AMissingRightIsNamedOnce) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const std::string uid = create(*client, name);
    testing::internal::CaptureStderr();
    {
        const auto conditions = of(shared_server().client("nobody"), name, uid);
        conditions->are({member(Status::yes)});
        EXPECT_TRUE(eventually([&] { return conditions->failures() > 3; }));
    }
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, HasSubstr("cannot patch resource \"pods/status\""));
    EXPECT_THAT(said, HasSubstr("templates/rbac.yaml"));
    EXPECT_EQ(said.find("are not told"), said.rfind("are not told"));
}

TEST_F(ConditionsOfAPod, WhoTellsDoesNotWaitForAServerThatHangs) {
    ApiServer server;
    const std::string name = fresh_name();
    const auto client = server.client();
    const std::string uid = create(*client, name);
    server.pause();
    {
        const auto conditions = of(client, name, uid);
        for (int i = 0; i < 100; ++i)
            conditions->are({member(Status::yes, std::to_string(i))});
    }
    server.go_on();
}

}  // namespace
}  // namespace quorate::kube
