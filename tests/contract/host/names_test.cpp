// The system's resolver with a name server of our own, and what the prober makes of its answers.
#include "adapters/host/names.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/host/prober.hpp"

namespace quorate::host {
namespace {

constexpr int code_server_failed = 2;
constexpr int code_no_such_name = 3;

// Answers questions about one name with a code and nothing else, those about others with a failure;
// without a code, none.
class NameServer {
  public:
    explicit NameServer(std::optional<int> code, const std::string& name = "q-1.example")
        : code_(code), name_(encoded(name)) {
        socket_ = ::socket(AF_INET, SOCK_DGRAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        socklen_t size = sizeof address_;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &size);
        answering_ = std::thread([this] { answer(); });
        // The resolver of this thread asks here.
        look_up("127.0.0.1");
        _res.nscount = 1;
        _res.nsaddr_list[0] = address_;
        _res.dnsrch[0] = nullptr;
    }
    ~NameServer() {
        ::shutdown(socket_, SHUT_RDWR);
        const std::array<char, 1> end{};
        ::sendto(socket_, end.data(), 0, 0, reinterpret_cast<sockaddr*>(&address_),
                 sizeof address_);
        done_ = true;
        answering_.join();
        ::close(socket_);
    }
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;

  private:
    // RFC 1035 4.1.2: each label behind its length.
    static std::string encoded(const std::string& name) {
        std::string labels;
        for (std::size_t begin = 0, end = 0; begin < name.size(); begin = end + 1) {
            end = std::min(name.find('.', begin), name.size());
            labels += static_cast<char>(end - begin) + name.substr(begin, end - begin);
        }
        return labels + '\0';
    }
    void answer() {
        std::array<unsigned char, 512> packet;
        sockaddr_in from{};
        while (!done_) {
            socklen_t size = sizeof from;
            const ssize_t length = ::recvfrom(socket_, packet.data(), packet.size(), 0,
                                              reinterpret_cast<sockaddr*>(&from), &size);
            if (length < 12 || !code_) continue;
            const std::string asked(packet.begin() + 12, packet.begin() + length);
            const int code = asked.starts_with(name_) ? *code_ : code_server_failed;
            packet[2] |= 0x80;  // RFC 1035 4.1.1: a response
            packet[3] = static_cast<unsigned char>((packet[3] & 0xF0) | code);
            ::sendto(socket_, packet.data(), static_cast<std::size_t>(length), 0,
                     reinterpret_cast<sockaddr*>(&from), size);
        }
    }

    std::optional<int> code_;
    std::string name_;
    int socket_ = -1;
    sockaddr_in address_{};
    std::atomic<bool> done_ = false;
    std::thread answering_;
};

TEST(LookUp, ANumberNeedsNobody) { EXPECT_EQ(look_up("127.0.0.1").lookup, Lookup::told); }

TEST(LookUp, ThatThereIsNoSuchNameIsAnAnswer) {
    const NameServer server(code_no_such_name);
    EXPECT_EQ(look_up("q-1.example.").lookup, Lookup::told);
}

TEST(LookUp, AServerThatHasFailedItselfIsNone) {
    const NameServer server(code_server_failed);
    const LookedUp found = look_up("q-1.example.");
    EXPECT_EQ(found.lookup, Lookup::no_answer);
    EXPECT_NE(found.why, "");
}

// Of the names that a search list makes one belongs to the cluster; what the world outside says of
// the others does not matter.
TEST(LookUp, OneAnswerOfTheSearchListIsEnough) {
    const NameServer server(code_no_such_name, "q-1.cluster");
    std::array<char, 8> domain{"cluster"};
    _res.dnsrch[0] = domain.data();
    _res.dnsrch[1] = nullptr;
    EXPECT_EQ(look_up("q-1").lookup, Lookup::told);
    domain = {"other"};
    EXPECT_EQ(look_up("q-1").lookup, Lookup::no_answer);
    _res.dnsrch[0] = nullptr;
}

TEST(LookUp, SilenceIsNoAnswer) {
    const NameServer server(std::nullopt);
    EXPECT_EQ(look_up("q-1.example.").lookup, Lookup::no_answer);
}

// One replica beside this one, at a port where nobody listens.
class UnaskedReplica : public testing::Test {
  protected:
    ~UnaskedReplica() override {
        prober_.stop();
        tasks_.stop();
        names_.stop();
    }
    void until(const std::function<bool()>& condition) {
        while (!condition())
            loop_.run_one();
    }

    std::atomic<Lookup> dns_ = Lookup::no_answer;
    std::atomic<int> asked_ = 0;
    std::vector<std::string> warnings_;
    std::vector<ReplicaProbed> told_;

  private:
    static Settings two() {
        Settings settings;
        for (const char* name : {"replica-0", "replica-1"})
            settings.addresses.push_back({name, "http://localhost:1", "http://localhost:1"});
        settings.policy = default_policy();
        settings.policy.heartbeat_period = milliseconds(1);
        return settings;
    }

    Settings settings_ = two();
    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_{
        loop_.get_executor()};
    Tasks tasks_{loop_, 1};
    Members members_{settings_, {"http://127.0.0.1:1", "http://127.0.0.1:1"}, std::nullopt};

  protected:
    Names names_{loop_, [this](std::string line) { warnings_.push_back(std::move(line)); },
                 [this](const std::string&) {
                     ++asked_;
                     return LookedUp{dns_, "nobody answers"};
                 }};
    Prober prober_{loop_,
                   tasks_,
                   members_,
                   settings_,
                   [this](const Observation& observation) {
                       if (const auto* probed = std::get_if<ReplicaProbed>(&observation))
                           told_.push_back(*probed);
                   },
                   &names_};
};

TEST_F(UnaskedReplica, IsNotToldAsASilentOne) {
    prober_.probe({Ordinal{1}});
    until([this] { return asked_ > 1; });
    ASSERT_FALSE(told_.empty());
    EXPECT_TRUE(told_.front().status.unresolved);
    EXPECT_EQ(warnings_,
              std::vector<std::string>{
                  "localhost does not resolve: nobody answers; its replica is waited for and not "
                  "judged until DNS of the cluster answers again"})
        << "once";
    dns_ = Lookup::told;
    until([this] { return !told_.back().status.unresolved; });
    EXPECT_EQ(told_.back().ordinal, Ordinal{1});
    EXPECT_FALSE(told_.back().status.answers);
    EXPECT_EQ(warnings_.back(), "localhost resolves again");
}

TEST_F(UnaskedReplica, IsNeverThisOne) {
    prober_.probe({Ordinal{0}});
    until([this] { return !told_.empty(); });
    EXPECT_EQ(asked_, 0);
}

}  // namespace
}  // namespace quorate::host
