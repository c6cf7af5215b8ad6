// The Kubernetes API as the agent uses it, against a real API server.
#include "adapters/kube/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <set>
#include <thread>

#include "adapters/clock/clock.hpp"
#include "adapters/kube/pki.hpp"
#include "adapters/kube/store.hpp"
#include "adapters/kube/watch.hpp"
#include "adapters/local/files.hpp"
#include "tests/contract/kube/api_server.hpp"

namespace quorate::kube {
namespace {

using test::ApiServer;
using test::fresh_name;
using test::shared_server;
using testing::AllOf;
using testing::HasSubstr;

constexpr Span patience = seconds(30);

class Api : public testing::Test {
  protected:
    void SetUp() override {
        if (ApiServer::program().empty()) GTEST_SKIP() << kube::test::no_api_server;
    }
};
using ApiCalls = Api;
using ApiWatch = Api;
using AuthoritySecret = Api;

Resource config_map(const std::string& name) { return {"v1", "configmaps", "default", name}; }

Json with(const std::string& name, const std::string& value) {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", name}, {"namespace", "default"}}},
            {"data", {{"value", value}}}};
}

TEST_F(ApiCalls, WhatWasCreatedIsReadAndReplacedOnce) {
    const auto client = shared_server().client();
    const Resource resource = config_map(fresh_name());
    EXPECT_EQ(client->get(resource, Read::quorum, patience)->status, 404);
    const auto made = client->create(resource, with(resource.name, "one"), patience);
    EXPECT_EQ(made->status, 201);
    EXPECT_EQ(client->create(resource, with(resource.name, "two"), patience)->status, 409);
    Json changed = made->body;
    changed["data"]["value"] = "three";
    EXPECT_EQ(client->replace(resource, changed, patience)->status, 200);
    // The version that was read first is not the newest any more.
    EXPECT_EQ(client->replace(resource, changed, patience)->status, 409);
    EXPECT_EQ(client->get(resource, Read::quorum, patience)->body["data"]["value"], "three");
    EXPECT_EQ(client->list(resource, patience)->body["items"].size(), 1U);
}

TEST_F(ApiCalls, AMissingRightIsToldWithVerbResourceAndWhoGrantsIt) {
    const Resource resource = config_map(fresh_name());
    const auto answer = shared_server().client("nobody")->get(resource, Read::quorum, patience);
    ASSERT_EQ(answer->status, 403);
    const Failure failure = failure_of(*answer, resource);
    EXPECT_THAT(failure.what, AllOf(HasSubstr("nobody"), HasSubstr("cannot get"),
                                    HasSubstr("configmaps"), HasSubstr("rbac.yaml")));
}

TEST_F(ApiCalls, ATokenThatIsRenewedIsSeen) {
    const auto file = std::filesystem::temp_directory_path() / ("quorate-token-" + fresh_name());
    std::ofstream(file) << "of yesterday";
    Access access = shared_server().access();
    const std::string good = **local::read_file(access.token);
    access.token = file;
    const auto client = *Client::create(access);
    const Resource resource = config_map(fresh_name());
    EXPECT_EQ(client->get(resource, Read::quorum, patience)->status, 401);
    std::ofstream(file) << good;
    EXPECT_EQ(client->get(resource, Read::quorum, patience)->status, 404);
    std::filesystem::remove(file);
    EXPECT_EQ(client->get(resource, Read::quorum, patience).error().kind, FailureKind::unavailable);
}

TEST_F(ApiCalls, AnAuthorityThatDidNotSignTheServerIsNotBelieved) {
    const auto dir = std::filesystem::temp_directory_path() / ("quorate-other-" + fresh_name());
    std::filesystem::remove_all(dir);
    Access access = shared_server().access();
    ASSERT_TRUE(ensure_authority(*shared_server().client(), {fresh_name(), "default"}, dir));
    access.ca = dir / "ca.crt";
    const auto client = *Client::create(access);
    const auto answer = client->get(config_map("any"), Read::quorum, patience);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::unavailable);
    EXPECT_THAT(answer.error().what, HasSubstr("certificate"));
    std::filesystem::remove_all(dir);
}

// Whoever does not know must look before it acts again (S11).
TEST_F(ApiCalls, AWriteWithoutAnAnswerMayHaveHappenedAndAReadChangedNothing) {
    ApiServer server;
    const auto client = server.client();
    const Resource resource = config_map("one");
    ASSERT_EQ(client->get(resource, Read::quorum, patience)->status, 404);
    server.pause();
    const auto write = client->create(resource, with("one", "x"), milliseconds(500));
    ASSERT_FALSE(write);
    EXPECT_EQ(write.error().kind, FailureKind::unknown);
    const auto read = client->get(resource, Read::quorum, milliseconds(500));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, FailureKind::unavailable);
    server.go_on();
    server.kill();
    const auto dead = client->create(resource, with("one", "x"), patience);
    ASSERT_FALSE(dead);
    EXPECT_EQ(dead.error().kind, FailureKind::unavailable);
}

TEST_F(ApiWatch, TellsEachChangeOfTheOneObject) {
    const auto client = shared_server().client();
    const Resource resource = config_map(fresh_name());
    const Resource other = config_map(fresh_name());
    const auto from = client->list(resource, patience)->body["metadata"]["resourceVersion"];
    static_cast<void>(client->create(other, with(other.name, "other"), patience).has_value());
    auto made = client->create(resource, with(resource.name, "one"), patience);
    made->body["data"]["value"] = "two";
    static_cast<void>(client->replace(resource, made->body, patience).has_value());

    std::atomic<bool> stop = false;
    std::vector<std::string> told;
    const auto ended = client->watch(resource, from.get<std::string>(), minutes(5), stop,
                                     [&](Event event, const Json& object) {
                                         if (event == Event::bookmark) return;
                                         told.push_back(object["data"]["value"]);
                                         stop = told.size() == 2;
                                     });
    EXPECT_TRUE(ended->ok());
    EXPECT_THAT(told, testing::ElementsAre("one", "two"));
}

TEST_F(ApiWatch, EndsWhenTheServerSaysSoAndGoesOnFromWhereItWas) {
    const auto client = shared_server().client();
    const Resource resource = config_map(fresh_name());
    const auto from = client->list(resource, patience)->body["metadata"]["resourceVersion"];
    std::atomic<bool> stop = false;
    const auto ended = client->watch(resource, from.get<std::string>(), seconds(1), stop,
                                     [](Event, const Json&) {});
    EXPECT_TRUE(ended->ok());
}

// What is told of the store reaches the loop, also across a server that was away meanwhile.
TEST_F(ApiWatch, AServerThatWasAwayIsFollowedAgain) {
    ApiServer server;
    const auto client = server.client();
    const Names names{"t", "default"};
    boost::asio::io_context loop;
    auto open = boost::asio::make_work_guard(loop);
    std::optional<ClusterRecord> record;
    int complaints = 0;
    ObjectWatch watch(loop, client, names);
    ASSERT_TRUE(watch.start({[](const auto&) {},
                             [&](const Result<std::optional<ClusterRecord>>& told) {
                                 if (!told)
                                     ++complaints;
                                 else
                                     record = *told;
                             }}));
    const auto until = [&](const std::function<bool()>& condition) {
        const Instant give_up = clock::since_boot() + minutes(2);
        while (!condition() && clock::since_boot() < give_up)
            loop.run_one_for(std::chrono::milliseconds(100));
        return condition();
    };
    ObjectStore store(client, names, Ordinal{0}, patience);
    const auto write = [&](std::uint64_t revision) {
        ClusterRecord next;
        next.revision = RecordRevision{revision};
        next.lineage = Lineage{"one"};
        const auto swapped = store.swap({RecordRevision{revision - 1}, next, {}});
        return swapped && !swapped->conflict;
    };
    ASSERT_TRUE(write(1));
    EXPECT_TRUE(until([&] { return record && record->revision == RecordRevision{1}; }));
    server.kill();
    EXPECT_TRUE(until([&] { return complaints > 0; }));
    EXPECT_EQ(record->revision, RecordRevision{1});
    server.start();
    ASSERT_TRUE(write(2));
    EXPECT_TRUE(until([&] { return record->revision == RecordRevision{2}; }));
}

std::filesystem::path empty_directory() {
    const auto dir = std::filesystem::temp_directory_path() / ("quorate-authority-" + fresh_name());
    std::filesystem::remove_all(dir);
    return dir;
}

TEST_F(AuthoritySecret, IsMadeByTheFirstAndTakenByTheOthers) {
    const auto client = shared_server().client();
    const Names names{fresh_name(), "default"};
    const auto first = empty_directory();
    const auto second = empty_directory();
    ASSERT_TRUE(ensure_authority(*client, names, first));
    ASSERT_TRUE(ensure_authority(*client, names, second));
    EXPECT_EQ(*local::read_file(first / "ca.crt"), *local::read_file(second / "ca.crt"));
    EXPECT_EQ(*local::read_file(first / "ca.key"), *local::read_file(second / "ca.key"));
    std::filesystem::remove_all(first);
    std::filesystem::remove_all(second);
}

TEST_F(AuthoritySecret, OfManyThatBeginAtOnceOneWins) {
    const Names names{fresh_name(), "default"};
    std::vector<std::filesystem::path> dirs;
    std::vector<std::thread> agents;
    for (int i = 0; i < 5; ++i)
        dirs.push_back(empty_directory());
    for (const auto& dir : dirs)
        agents.emplace_back([&names, dir] {
            EXPECT_TRUE(ensure_authority(*shared_server().client(), names, dir));
        });
    for (auto& agent : agents)
        agent.join();
    std::set<std::string> authorities;
    for (const auto& dir : dirs) {
        authorities.insert(local::read_file(dir / "ca.crt")->value_or("none"));
        std::filesystem::remove_all(dir);
    }
    EXPECT_EQ(authorities.size(), 1U);
    EXPECT_EQ(authorities.count("none"), 0U);
}

TEST_F(AuthoritySecret, OfAnotherClusterIsRefusedAndNothingIsReplaced) {
    const auto client = shared_server().client();
    const auto dir = empty_directory();
    ASSERT_TRUE(ensure_authority(*client, {fresh_name(), "default"}, dir));
    const auto before = *local::read_file(dir / "ca.crt");
    const Names other{fresh_name(), "default"};
    const auto elsewhere = empty_directory();
    ASSERT_TRUE(ensure_authority(*client, other, elsewhere));
    const auto refused = ensure_authority(*client, other, dir);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::refused);
    EXPECT_THAT(refused.error().what, HasSubstr(other.statefulset + "-etcd-certs"));
    EXPECT_EQ(*local::read_file(dir / "ca.crt"), before);
    std::filesystem::remove_all(dir);
    std::filesystem::remove_all(elsewhere);
}

// L8: what a volume has needs no API server, and brings a Secret back that was lost.
TEST_F(AuthoritySecret, AVolumeThatHasItStartsWithoutAnswersAndRemembers) {
    const auto client = shared_server().client();
    const Names names{fresh_name(), "default"};
    const auto dir = empty_directory();
    ASSERT_TRUE(ensure_authority(*client, names, dir));
    EXPECT_TRUE(ensure_authority(*shared_server().client("nobody"), names, dir));
    const Names lost{fresh_name(), "default"};
    ASSERT_TRUE(ensure_authority(*client, lost, dir));
    const auto other = empty_directory();
    ASSERT_TRUE(ensure_authority(*client, lost, other));
    EXPECT_EQ(*local::read_file(dir / "ca.crt"), *local::read_file(other / "ca.crt"));
    std::filesystem::remove_all(other);
    std::filesystem::remove_all(dir);
    const auto without = ensure_authority(*shared_server().client("nobody"), names, dir);
    ASSERT_FALSE(without);
}

}  // namespace
}  // namespace quorate::kube
