// The agent's own service, server and client on a real unix socket.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "adapters/api/client.hpp"
#include "adapters/api/server.hpp"

namespace quorate::api {
namespace {

namespace fs = std::filesystem;

constexpr Span patience = seconds(30);

struct Api : testing::Test {
    Api() {
        std::string path = "/tmp/quorate-api-XXXXXX";
        dir = ::mkdtemp(path.data());
        socket = dir / "api.sock";
    }
    ~Api() override { fs::remove_all(dir); }

    std::unique_ptr<Server> serve(Handlers handlers) {
        auto server = Server::start(socket, std::move(handlers));
        if (!server) throw std::runtime_error(server.error().what);
        return std::move(*server);
    }

    fs::path dir;
    fs::path socket;
};

Explained decision(std::uint64_t seq) {
    return {EventSeq{seq}, Instant{1'700'000'000'000'000},    "seen", {"R01", "M07"},
            "decided so",  {"#1 start etcd", "#2 wake later"}};
}

TEST_F(Api, StatusIsWhatTheHandlerSays) {
    const auto server = serve({.status = [] { return R"({"self":1})"; }});
    Client client(socket);
    const auto status = client.status(patience);
    ASSERT_TRUE(status) << status.error().what;
    EXPECT_EQ(*status, R"({"self":1})");
}

TEST_F(Api, DecisionsComeBackWholeAndAsAsked) {
    std::uint32_t asked_last = 0;
    std::optional<EventSeq> asked_event;
    Handlers handlers;
    handlers.recent = [&](std::uint32_t last, std::optional<EventSeq> event) {
        asked_last = last;
        asked_event = event;
        return Result<std::vector<Explained>>(std::vector{decision(7), decision(8)});
    };
    const auto server = serve(handlers);
    Client client(socket);
    const auto recent = client.recent(5, std::nullopt, patience);
    ASSERT_TRUE(recent) << recent.error().what;
    EXPECT_EQ(*recent, (std::vector{decision(7), decision(8)}));
    EXPECT_EQ(asked_last, 5U);
    EXPECT_EQ(asked_event, std::nullopt);
    ASSERT_TRUE(client.recent(1, EventSeq{8}, patience));
    EXPECT_EQ(asked_event, EventSeq{8});
}

TEST_F(Api, MoreDecisionsThanTheBoundAreNotAskedFor) {
    std::uint32_t asked = 0;
    Handlers handlers;
    handlers.recent = [&](std::uint32_t last, std::optional<EventSeq>) {
        asked = last;
        return Result<std::vector<Explained>>(std::vector<Explained>());
    };
    const auto server = serve(handlers);
    ASSERT_TRUE(Client(socket).recent(1'000'000, std::nullopt, patience));
    EXPECT_EQ(asked, recent_max);
}

TEST_F(Api, ARefusalCarriesItsWords) {
    Handlers handlers;
    handlers.approve_recovery = [](const std::string& token) -> Result<void> {
        if (token == "good") return {};
        return refused("the token is not of the present plan", "recover");
    };
    const auto server = serve(handlers);
    Client client(socket);
    EXPECT_TRUE(client.approve_recovery("good", patience));
    const auto bad = client.approve_recovery("bad", patience);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().kind, FailureKind::refused);
    EXPECT_NE(bad.error().what.find("the token is not of the present plan"), std::string::npos);
}

TEST_F(Api, PlanAndExportReachTheirHandlers) {
    fs::path written;
    Handlers handlers;
    handlers.recover_plan = [] { return Result<std::string>(R"({"token":"t"})"); };
    handlers.export_journal = [&](const fs::path& path) -> Result<void> {
        written = path;
        return {};
    };
    const auto server = serve(handlers);
    Client client(socket);
    const auto plan = client.recover_plan(patience);
    ASSERT_TRUE(plan);
    EXPECT_EQ(*plan, R"({"token":"t"})");
    EXPECT_TRUE(client.export_journal("/tmp/somewhere", patience));
    EXPECT_EQ(written, "/tmp/somewhere");
}

TEST_F(Api, WhatTheAgentCannotAnswerIsRefused) {
    const auto server = serve({});
    const auto status = Client(socket).status(patience);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, FailureKind::refused);
}

TEST_F(Api, NobodyListeningIsUnavailable) {
    const auto status = Client(socket).status(seconds(5));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, FailureKind::unavailable);
    EXPECT_EQ(status.error().where, socket);
}

TEST_F(Api, AnAnswerThatDoesNotComeIsUnknownAtTheDeadline) {
    std::mutex mutex;
    std::condition_variable over;
    bool asked_to_end = false;
    Handlers handlers;
    handlers.status = [&]() -> std::string {
        std::unique_lock lock(mutex);
        over.wait(lock, [&] { return asked_to_end; });
        return "{}";
    };
    const auto server = serve(handlers);
    const auto status = Client(socket).status(milliseconds(200));
    {
        const std::lock_guard lock(mutex);
        asked_to_end = true;
    }
    over.notify_all();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, FailureKind::unknown);
}

void await(const std::atomic<std::uint64_t>& last, std::uint64_t wanted) {
    for (std::uint64_t seen = last; seen != wanted; seen = last)
        last.wait(seen);
}

TEST_F(Api, AFollowerIsToldInOrderAndEndsWithTheAgent) {
    auto server = serve({});
    Client client(socket);
    std::vector<Explained> told;
    std::atomic<std::uint64_t> last = 0;
    std::thread follower([&] {
        EXPECT_TRUE(client.follow(EventSeq{}, [&](const Explained& one) {
            told.push_back(one);
            last = one.seq.value;
            last.notify_all();
        }));
    });
    // Until the follower is there its news go to nobody: tell the same again.
    for (std::uint64_t seq = 1; last == 0; ++seq) {
        server->publish(decision(seq));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const std::uint64_t next = 1'000'000;
    for (std::uint64_t seq = next; seq < next + 20; ++seq)
        server->publish(decision(seq));
    await(last, next + 19);
    server.reset();
    follower.join();
    ASSERT_GE(told.size(), 21U);
    for (std::size_t i = 1; i < told.size(); ++i)
        EXPECT_LT(told[i - 1].seq, told[i].seq);
    EXPECT_EQ(told.back(), decision(next + 19));
}

TEST_F(Api, AFollowerIsFirstToldWhatCameSinceItLastListened) {
    Handlers handlers;
    handlers.recent = [](std::uint32_t, std::optional<EventSeq>) {
        return Result<std::vector<Explained>>(std::vector{decision(7), decision(8), decision(9)});
    };
    auto server = serve(handlers);
    Client client(socket);
    std::vector<Explained> told;
    std::atomic<std::uint64_t> last = 0;
    std::thread follower([&] {
        EXPECT_TRUE(client.follow(EventSeq{7}, [&](const Explained& one) {
            told.push_back(one);
            last = one.seq.value;
            last.notify_all();
        }));
    });
    await(last, 9);
    server->publish(decision(9));
    server->publish(decision(10));
    await(last, 10);
    server.reset();
    follower.join();
    EXPECT_EQ(told, (std::vector{decision(8), decision(9), decision(10)}));
}

TEST_F(Api, FollowingEndsWhenItIsStopped) {
    const auto server = serve({});
    Client client(socket);
    std::atomic<bool> began = false;
    std::thread follower([&] {
        began = true;
        EXPECT_TRUE(client.follow(EventSeq{}, [](const Explained&) {}));
    });
    while (!began)
        std::this_thread::yield();
    client.stop_following();
    follower.join();
    EXPECT_TRUE(
        client.follow(EventSeq{}, [](const Explained&) { FAIL() << "after it was stopped"; }));
}

TEST_F(Api, TheSocketIsTheUsersAloneAndGoesWithTheServer) {
    auto server = serve({});
    struct stat info {};
    ASSERT_EQ(::stat(socket.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    server.reset();
    EXPECT_FALSE(fs::exists(socket));
}

TEST_F(Api, AStaleSocketIsReplacedAndALivingOneIsNot) {
    {
        const auto first = serve({});
        const auto second = Server::start(socket, {});
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().kind, FailureKind::refused);
    }
    // What an agent that was killed leaves: a socket nobody listens on.
    ASSERT_EQ(::mknod(socket.c_str(), S_IFSOCK | 0600, 0), 0);
    const auto third = Server::start(socket, {.status = [] { return "{}"; }});
    ASSERT_TRUE(third) << third.error().what;
    EXPECT_TRUE(Client(socket).status(patience));
}

TEST_F(Api, APathTooLongForASocketIsRefusedByName) {
    const fs::path deep = dir / std::string(120, 'x');
    const auto server = Server::start(deep, {});
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().where, deep);
}

}  // namespace
}  // namespace quorate::api
