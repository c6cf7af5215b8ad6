// The agent's own service, server and client on a real unix socket.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

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

// Accepts at once and passes nothing on before it is opened, as the kernel does for an agent that
// gets no time on the processor.
class SlowDoor {
  public:
    SlowDoor(const fs::path& socket, fs::path behind)
        : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), behind_(std::move(behind)) {
        const sockaddr_un address = address_of(socket);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 1) != 0)
            throw std::runtime_error("no door");
        thread_ = std::thread([this] { pass_on(); });
    }
    ~SlowDoor() {
        open();
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    void open() {
        if (!std::exchange(opened_, true)) open_.set_value();
    }

  private:
    static sockaddr_un address_of(const fs::path& socket) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
        return address;
    }

    void pass_on() {
        const int front = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        open_.get_future().wait();
        const int back = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_un address = address_of(behind_);
        ::connect(back, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        pollfd ends[] = {{front, POLLIN, 0}, {back, POLLIN, 0}};
        while (::poll(ends, 2, -1) > 0 && copied(ends[0], back) && copied(ends[1], front)) {
        }
        ::close(front);
        ::close(back);
    }

    // False: that end is closed.
    static bool copied(const pollfd& from, int to) {
        if (from.revents == 0) return true;
        char bytes[4096];
        const ssize_t size = ::read(from.fd, bytes, sizeof bytes);
        return size > 0 && ::send(to, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
    }

    int listener_;
    fs::path behind_;
    std::promise<void> open_;
    bool opened_ = false;
    std::thread thread_;
};

TEST_F(Api, AnAgentThatIsSlowToTakeACallIsWaitedForUntilTheDeadline) {
    const auto server = serve({.status = [] { return "late"; }});
    SlowDoor door(dir / "slow.sock", socket);
    Client client(dir / "slow.sock");
    auto status = std::async(std::launch::async, [&client] { return client.status(patience); });
    // Had it given up, it would have said so by now; gRPC's own bound is twenty seconds.
    EXPECT_EQ(status.wait_for(std::chrono::seconds(1)), std::future_status::timeout);
    door.open();
    const auto told = status.get();
    ASSERT_TRUE(told) << told.error().what;
    EXPECT_EQ(*told, "late");
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
