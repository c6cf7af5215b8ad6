// One page of an agent, asked by another: our client against our server, and against servers that
// do what a server should not. What went wrong is told with the place, within the deadline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/http/client.hpp"
#include "adapters/http/server.hpp"
#include "tests/support/free_port.hpp"

namespace quorate::http {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;

// No answer of these comes late because a machine is slow.
constexpr Span patience = seconds(60);
// What never comes is not waited for any longer.
constexpr Span little = milliseconds(200);

// Accepts, reads what is asked, says its piece, and closes only at the end.
class Crooked {
  public:
    explicit Crooked(std::string piece)
        : thread_([this, piece = std::move(piece)] { serve(piece); }) {}
    ~Crooked() {
        boost::system::error_code ignored;
        stop_ = true;
        tcp::socket knock(loop_);
        knock.connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
    }
    Address page() const { return {"127.0.0.1", acceptor_.local_endpoint().port(), "/status"}; }

  private:
    void serve(const std::string& piece) {
        boost::system::error_code ignored;
        while (!stop_) {
            tcp::socket socket(loop_);
            acceptor_.accept(socket, ignored);
            boost::asio::write(socket, boost::asio::buffer(piece), ignored);
            open_.push_back(std::move(socket));
        }
    }

    boost::asio::io_context loop_;
    tcp::acceptor acceptor_{loop_, {boost::asio::ip::address_v4::loopback(), 0}};
    std::vector<tcp::socket> open_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

// An agent's own server, on its loop.
class Served : public testing::Test {
  protected:
    void serve(std::function<Page(std::string_view)> page) {
        auto made = Server::start(loop_, "127.0.0.1:" + std::to_string(port_), std::move(page));
        ASSERT_TRUE(made) << made.error().what;
        server_ = std::move(*made);
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~Served() override {
        work_.reset();
        loop_.stop();
        if (thread_.joinable()) thread_.join();
        server_.reset();
    }
    Address at(const std::string& path, const std::string& host = "127.0.0.1") const {
        return {host, port_, path};
    }

  private:
    const std::uint16_t port_ = test::free_port();
    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        loop_.get_executor()};
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

TEST_F(Served, APageIsReadByNumberAndByName) {
    serve([](std::string_view path) { return Page{200, "at " + std::string(path)}; });
    for (const char* host : {"127.0.0.1", "localhost"}) {
        const auto body = get(at("/status", host), patience);
        ASSERT_TRUE(body) << body.error().what;
        EXPECT_EQ(*body, "at /status");
    }
}

TEST_F(Served, APageOfManyPacketsIsReadWhole) {
    const std::string large(900'000, 'x');
    serve([&](std::string_view) { return Page{200, large}; });
    const auto body = get(at("/"), patience);
    ASSERT_TRUE(body) << body.error().what;
    EXPECT_TRUE(*body == large);
}

TEST_F(Served, AnotherStatusIsNoBody) {
    serve([](std::string_view) { return Page{503, "not ready\n"}; });
    const auto body = get(at("/readyz"), patience);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().kind, FailureKind::unavailable);
    EXPECT_EQ(body.error().what, "answers 503");
    EXPECT_THAT(body.error().where, HasSubstr("127.0.0.1:"));
}

TEST_F(Served, AnAnswerLongerThanAnyStatusIsRefused) {
    serve([](std::string_view) { return Page{200, std::string(2'000'000, 'x')}; });
    const auto body = get(at("/"), patience);
    ASSERT_FALSE(body);
    EXPECT_THAT(body.error().what, HasSubstr("body limit exceeded"));
}

TEST(Client, WhereNobodyListensIsTold) {
    const std::uint16_t port = test::free_port();
    const auto body = get({"127.0.0.1", port, "/status"}, patience);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().kind, FailureKind::unavailable);
    EXPECT_THAT(body.error().what, HasSubstr("refused"));
    EXPECT_EQ(body.error().where, "127.0.0.1:" + std::to_string(port));
}

TEST(Client, AServerThatIsSilentIsGivenUpAtTheDeadline) {
    const Crooked server("");
    const auto body = get(server.page(), little);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().what, "does not answer in time");
}

TEST(Client, AnAnswerThatStopsHalfWayIsGivenUpAtTheDeadline) {
    const Crooked server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    const auto body = get(server.page(), little);
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().what, "does not answer in time");
}

// The limit counts where no length was announced, too.
TEST(Client, AnAnswerWithoutEndIsRefused) {
    const Crooked server("HTTP/1.1 200 OK\r\n\r\n" + std::string(2'000'000, 'x'));
    const auto body = get(server.page(), patience);
    ASSERT_FALSE(body);
    EXPECT_THAT(body.error().what, HasSubstr("body limit exceeded"));
}

// Such as another program's TLS port.
TEST(Client, WhatIsNoHttpIsTold) {
    const Crooked server("\x15\x03\x01 that is no answer\r\n\r\n");
    const auto body = get(server.page(), patience);
    ASSERT_FALSE(body);
    EXPECT_THAT(body.error().what, HasSubstr("bad version"));
}

}  // namespace
}  // namespace quorate::http
