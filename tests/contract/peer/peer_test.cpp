// Agents tell each other over TLS on real unix sockets. Each case names one way in which a report
// must not be believed: forged by a stranger, told for another, swapped or replayed.
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/local/pki.hpp"
#include "adapters/peer/client.hpp"
#include "adapters/peer/server.hpp"

namespace quorate::peer {
namespace {

namespace fs = std::filesystem;

constexpr Span patience = seconds(30);
constexpr Ordinal zero{0};
constexpr Ordinal one{1};
constexpr Ordinal two{2};

PeerReport report(std::uint64_t sequence, std::uint64_t boot = 7, const char* lineage = "L") {
    PeerReport report{Lineage{lineage}, boot, sequence, {}, {}};
    report.self = {Epoch{2}, MemberId{11}, Nonce{5}, {Term{3}, LogIndex{600 + sequence}}};
    report.others[two] = {Epoch{2}, MemberId{13}, Nonce{6}, {Term{3}, LogIndex{40}}};
    return report;
}

// A directory with an authority and the certificates of the agents of replicas 0 to 2.
struct Peer : testing::Test {
    Peer() {
        std::string path = "/tmp/quorate-peer-XXXXXX";
        dir = ::mkdtemp(path.data());
        make_pki(dir / "pki");
    }
    ~Peer() override {
        server.reset();
        fs::remove_all(dir);
    }

    static void good(const Result<void>& done) {
        if (!done) throw std::runtime_error(done.error().where + ": " + done.error().what);
    }
    static void make_pki(const fs::path& pki) {
        good(local::ensure_pki(pki, {"localhost", "127.0.0.1"}));
        for (const Ordinal o : {zero, one, two})
            good(local::ensure_certificate(pki, "agent-" + std::to_string(o.value), agent_name(o)));
    }
    Files files(const std::string& name, const std::string& authority = "pki") const {
        const fs::path pki = dir / authority;
        return {pki / "ca.crt", pki / (name + ".crt"), pki / (name + ".key")};
    }

    // Agent 0 listens.
    void serve() {
        Handlers handlers;
        handlers.report = [this]() -> std::optional<PeerReport> {
            const std::lock_guard lock(mutex);
            if (!knows) return std::nullopt;
            return report(++own_sequence, 99);
        };
        handlers.heard = [this](Ordinal from, const PeerReport& told) {
            const std::lock_guard lock(mutex);
            heard.emplace_back(from, told);
        };
        handlers.doubted = [this](Doubt doubt) {
            const std::lock_guard lock(mutex);
            doubts.push_back(doubt);
        };
        server.reset();
        auto started = Server::start(dir / "peer.sock", files("agent-0"), zero, handlers);
        if (!started) throw std::runtime_error(started.error().what);
        server = std::move(*started);
    }
    Client client(const Files& as, Ordinal self = one, Ordinal peer = zero) const {
        return Client(dir / "peer.sock", as, self, peer);
    }
    FailureKind failure_of(Client client, const PeerReport& told) {
        auto answer = client.exchange(told, patience);
        EXPECT_FALSE(answer);
        return answer ? FailureKind::unknown : answer.error().kind;
    }

    fs::path dir;
    std::mutex mutex;
    bool knows = true;
    std::uint64_t own_sequence = 0;
    std::vector<std::pair<Ordinal, PeerReport>> heard;
    std::vector<Doubt> doubts;
    std::unique_ptr<Server> server;
};

TEST_F(Peer, BothSidesLearnTheOthersReportInOneExchange) {
    serve();
    Client asking = client(files("agent-1"));
    const auto answer = asking.exchange(report(1), patience);
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->boot, 99U);
    EXPECT_EQ(answer->self, report(answer->sequence).self);
    EXPECT_EQ(answer->others, report(1).others);
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].first, one);
    EXPECT_EQ(heard[0].second, report(1));
    ASSERT_TRUE(asking.exchange(report(2), patience));
    EXPECT_EQ(heard.size(), 2U);
    EXPECT_TRUE(doubts.empty());
}

TEST_F(Peer, AStrangerWithoutACertificateIsRefused) {
    serve();
    make_pki(dir / "other");
    // Of another authority: it neither trusts nor is trusted.
    EXPECT_EQ(failure_of(client(files("agent-1", "other")), report(1)), FailureKind::unavailable);
    // It trusts this authority, but has nothing that this authority signed.
    const Files forged{files("agent-1").ca, files("agent-1", "other").cert,
                       files("agent-1", "other").key};
    EXPECT_EQ(failure_of(client(forged), report(1)), FailureKind::unavailable);
    EXPECT_TRUE(heard.empty());
    EXPECT_EQ(own_sequence, 0U) << "nor is it told anything";
    EXPECT_TRUE(client(files("agent-1")).exchange(report(1), patience)) << "one of ours is heard";
}

TEST_F(Peer, ACertificateThatIsNoAgentsIsRefused) {
    serve();
    for (const char* name : {"peer", "client"})
        EXPECT_EQ(failure_of(client(files(name)), report(1)), FailureKind::refused) << name;
    EXPECT_EQ(doubts, (std::vector{Doubt::stranger, Doubt::stranger}));
    EXPECT_TRUE(heard.empty());
}

TEST_F(Peer, AnAgentCannotSpeakForAnotherReplica) {
    serve();
    EXPECT_EQ(failure_of(client(files("agent-2"), one), report(1)), FailureKind::refused);
    EXPECT_EQ(failure_of(client(files("agent-0"), zero), report(1)), FailureKind::refused)
        << "nor an agent for the one it tells";
    EXPECT_EQ(doubts, (std::vector{Doubt::other_sender, Doubt::other_sender}));
    EXPECT_TRUE(heard.empty());
}

TEST_F(Peer, AnotherAgentAtTheSocketIsNotBelieved) {
    serve();
    EXPECT_EQ(failure_of(client(files("agent-1"), one, two), report(1)), FailureKind::unavailable)
        << "agent 0 answers where agent 2 was asked";
    EXPECT_TRUE(heard.empty());
}

TEST_F(Peer, AnotherLineageIsRefused) {
    serve();
    EXPECT_EQ(failure_of(client(files("agent-1")), report(1, 7, "beef")), FailureKind::refused);
    EXPECT_EQ(doubts, std::vector{Doubt::other_lineage});
    EXPECT_TRUE(heard.empty());
}

TEST_F(Peer, AReportIsTakenOnceAndNeverAfterALaterOne) {
    serve();
    Client asking = client(files("agent-1"));
    ASSERT_TRUE(asking.exchange(report(5), patience));
    EXPECT_FALSE(asking.exchange(report(5), patience));
    EXPECT_FALSE(asking.exchange(report(4), patience));
    EXPECT_EQ(doubts, (std::vector{Doubt::replayed, Doubt::replayed}));
    EXPECT_EQ(heard.size(), 1U);
}

TEST_F(Peer, AnotherLifeOfEitherSideIsHeardAtOnce) {
    serve();
    Client asking = client(files("agent-1"));
    ASSERT_TRUE(asking.exchange(report(5), patience));
    serve();
    // The first attempt finds the connection gone.
    auto again = asking.exchange(report(6), patience);
    if (!again) again = asking.exchange(report(7), patience);
    ASSERT_TRUE(again) << again.error().what;
    Client restarted = client(files("agent-1"));
    ASSERT_TRUE(restarted.exchange(report(1, 8), patience));
    EXPECT_EQ(heard.size(), 3U);
    EXPECT_EQ(heard.back().second.boot, 8U);
    EXPECT_TRUE(doubts.empty());
}

TEST_F(Peer, WhoKnowsNoClusterYetAnswersNobody) {
    knows = false;
    serve();
    Client asking = client(files("agent-1"));
    const auto answer = asking.exchange(report(1), patience);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::unavailable);
    EXPECT_TRUE(heard.empty());
}

// What no client of ours would send.

struct Forged : testing::Test {
    Sessions sessions{zero};
    Lineage lineage{"L"};
    Letter letter(std::uint64_t sequence, std::uint64_t session, std::uint64_t boot = 7) {
        return {one, zero, report(sequence, boot), session};
    }
    Verdict judged(const Letter& letter) { return sessions.judge(letter, letter.from, lineage); }
};

TEST_F(Forged, SwappedAddressee) {
    Letter swapped = letter(1, 0);
    swapped.to = two;
    EXPECT_EQ(judged(swapped).doubt, Doubt::other_addressee);
}

TEST_F(Forged, RecordedInAnEarlierLifeOfTheAddressee) {
    Sessions before{zero};
    const auto session = before.judge(letter(1, 0), one, lineage).session;
    ASSERT_TRUE(before.judge(letter(1, session), one, lineage).taken);
    const Verdict now = judged(letter(1, session));
    EXPECT_FALSE(now.taken);
    EXPECT_NE(now.session, session);
}

TEST_F(Forged, RecordedInAnEarlierLifeOfTheSender) {
    const auto session = judged(letter(9, 0)).session;
    ASSERT_TRUE(judged(letter(9, session)).taken);
    const auto later = judged(letter(1, 0, 8)).session;
    ASSERT_TRUE(judged(letter(1, later, 8)).taken);
    EXPECT_FALSE(judged(letter(9, session)).taken);
    EXPECT_FALSE(judged(letter(10, session)).taken);
}

TEST_F(Forged, UnderTheSessionOfAnother) {
    const auto session = judged(letter(1, 0)).session;
    Letter other = letter(1, session);
    other.from = two;
    EXPECT_FALSE(judged(other).taken);
    EXPECT_TRUE(judged(letter(1, session)).taken) << "and it closes nobody else's";
}

TEST(AgentNamed, OnlyByExactlyOneAgentsName) {
    EXPECT_EQ(agent_named({"agent-2.quorate"}), two);
    EXPECT_EQ(agent_named({"localhost", "127.0.0.1"}), std::nullopt);
    EXPECT_EQ(agent_named({"agent-1.quorate", "agent-2.quorate"}), std::nullopt);
    EXPECT_EQ(agent_named({"agent-1.quorate.example"}), std::nullopt);
    EXPECT_EQ(agent_named({}), std::nullopt);
}

}  // namespace
}  // namespace quorate::peer
