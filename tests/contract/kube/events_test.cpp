// What people see of the agents' steps, on a real API server.
#include "adapters/kube/events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/clock/clock.hpp"
#include "tests/contract/kube/api_server.hpp"

namespace quorate::kube {
namespace {

using test::ApiServer;
using test::fresh_name;
using test::shared_server;
using testing::HasSubstr;

constexpr Span patience = seconds(30);

class EventsOfAPod : public testing::Test {
  protected:
    void SetUp() override {
        if (ApiServer::program().empty()) GTEST_SKIP() << kube::test::no_api_server;
    }

    static std::unique_ptr<Events> of(const std::string& name,
                                      const std::shared_ptr<const Client>& client) {
        return std::make_unique<Events>(client, Names{name, "default"}, name + "-1", "uid-of-pod");
    }

    // Those about the objects of this name, oldest first, once there are so many.
    static std::vector<Json> await(const Client& client, const std::string& name,
                                   std::size_t count) {
        const Instant until = clock::since_boot() + patience;
        std::vector<Json> found;
        do {
            found.clear();
            // Without a name: all there are.
            const auto listed = client.get({"v1", "events", "default", ""}, Read::quorum, patience);
            if (!listed || !listed->ok()) continue;
            for (const Json& item : listed->body["items"])
                if (item["involvedObject"]["name"].get<std::string>().rfind(name, 0) == 0)
                    found.push_back(item);
        } while (found.size() < count && clock::since_boot() < until);
        std::sort(found.begin(), found.end(), [](const Json& a, const Json& b) {
            return a["metadata"]["name"] < b["metadata"]["name"];
        });
        return found;
    }
};

Notice notice(const std::string& text, Notice::About about = Notice::About::replica) {
    return {Notice::Kind::normal, about, "StartingEtcd", text};
}

TEST_F(EventsOfAPod, AStepOfAReplicaIsOneOfItsPodAndOfTheClusterOneOfItsStatefulSet) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const auto events = of(name, client);
    events->tell(notice("replica 1: start etcd"));
    events->tell({Notice::Kind::warning, Notice::About::cluster, "QuorumLost", "replica 1: gone"});
    const auto found = await(*client, name, 2);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0]["involvedObject"]["kind"], "Pod");
    EXPECT_EQ(found[0]["involvedObject"]["name"], name + "-1");
    EXPECT_EQ(found[0]["involvedObject"]["uid"], "uid-of-pod");
    EXPECT_EQ(found[0]["type"], "Normal");
    EXPECT_EQ(found[0]["reason"], "StartingEtcd");
    EXPECT_EQ(found[0]["message"], "replica 1: start etcd");
    EXPECT_EQ(found[1]["involvedObject"]["kind"], "StatefulSet");
    EXPECT_EQ(found[1]["involvedObject"]["name"], name);
    EXPECT_EQ(found[1]["type"], "Warning");
}

// A line is cut where it is too long, also within a letter.
TEST_F(EventsOfAPod, ALineThatIsTooLongIsCut) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const auto events = of(name, client);
    std::string line = "x";
    for (int i = 0; i < 1'000; ++i)
        line += "\xc3\xa9";
    events->tell(notice(line));
    const auto found = await(*client, name, 1);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0]["message"].get<std::string>(), testing::StartsWith("x\xc3\xa9"));
}

// What flaps must not fill the host's etcd.
TEST_F(EventsOfAPod, MoreThanAFewAtOnceAreLeftOut) {
    const std::string name = fresh_name();
    const auto client = shared_server().client();
    const auto events = of(name, client);
    for (std::size_t i = 0; i < 4 * events_at_once; ++i)
        events->tell(notice("step " + std::to_string(i)));
    const auto found = await(*client, name, events_at_once);
    EXPECT_GE(found.size(), events_at_once - 1);
    EXPECT_LE(found.size(), events_at_once + 1);
}

TEST_F(EventsOfAPod, WhatWaitedForAServerThatWasAwayIsToldWhenItIsBack) {
    ApiServer server;
    const std::string name = fresh_name();
    const auto client = server.client();
    const auto events = of(name, client);
    server.kill();
    for (std::size_t i = 0; i < 3; ++i)
        events->tell(notice("step " + std::to_string(i)));
    server.start();
    EXPECT_EQ(await(*client, name, 3).size(), 3U);
}

TEST_F(EventsOfAPod, AMissingRightLeavesThemOutAndNamesItOnce) {
    const std::string name = fresh_name();
    testing::internal::CaptureStderr();
    {
        const auto events = of(name, shared_server().client("nobody"));
        for (std::size_t i = 0; i < 3; ++i)
            events->tell(notice("step " + std::to_string(i)));
        EXPECT_TRUE(etcd::test::eventually([&] { return events->waiting() == 0; }));
    }
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, HasSubstr("cannot create resource \"events\""));
    EXPECT_EQ(said.find("an event is not told"), said.rfind("an event is not told"));
}

TEST_F(EventsOfAPod, WhoTellsDoesNotWaitForAServerThatHangs) {
    ApiServer server;
    const auto client = server.client();
    server.pause();
    {
        const auto events = of(fresh_name(), client);
        for (std::size_t i = 0; i < 4 * events_at_once; ++i)
            events->tell(notice("step"));
    }
    server.go_on();
}

}  // namespace
}  // namespace quorate::kube
