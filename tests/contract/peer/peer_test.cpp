// Agents tell each other over TLS, on real unix sockets and on real ports. Each case names one way
// in which a report must not be believed: forged by a stranger, told for another, swapped or
// replayed; or one in which certificates change while agents run.
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "adapters/local/pki.hpp"
#include "adapters/peer/client.hpp"
#include "adapters/peer/server.hpp"
#include "adapters/peer/wire.hpp"
#include "tests/contract/peer/relay.hpp"

namespace quorate::peer {
namespace {

namespace fs = std::filesystem;

constexpr Span patience = seconds(30);
constexpr Ordinal zero{0};
constexpr Ordinal one{1};
constexpr Ordinal two{2};

enum class Over { unix_socket, tcp };

PeerReport report(std::uint64_t sequence, std::uint64_t boot = 7, const char* lineage = "L") {
    PeerReport report{Lineage{lineage}, boot, sequence, {}, {}, Lineage{lineage}};
    report.self = {Epoch{2}, MemberId{11}, Nonce{5}, {Term{3}, LogIndex{600 + sequence}}};
    report.others[two] = {Epoch{2}, MemberId{13}, Nonce{6}, {Term{3}, LogIndex{40}}};
    report.content = {Epoch{2}, Instant{4711}, seconds(3), {MemberId{13}}, {MemberId{11}}};
    return report;
}

void good(const Result<void>& done) {
    if (!done) throw std::runtime_error(done.error().where + ": " + done.error().what);
}

std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Each file appears at once, as renewals do.
void put(const fs::path& file, const std::string& text) {
    const fs::path next = file.string() + ".next";
    std::ofstream(next) << text;
    fs::rename(next, file);
}

bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between two looks
    }
    return true;
}

// A directory with an authority and the certificates of the agents of replicas 0 to 2, and one of
// replica 1's agent that has expired.
struct Peer : testing::TestWithParam<Over> {
    Peer() {
        std::string path = "/tmp/quorate-peer-XXXXXX";
        dir = ::mkdtemp(path.data());
        for (const char* authority : {"pki", "other"})
            fs::copy(made / authority, dir / authority);
    }
    ~Peer() override {
        server.reset();
        fs::remove_all(dir);
    }

    // Once for all: half a second of syncs.
    static void SetUpTestSuite() {
        std::string path = "/tmp/quorate-peer-pki-XXXXXX";
        made = ::mkdtemp(path.data());
        make_pki(made / "pki");
        make_pki(made / "other");
    }
    static void TearDownTestSuite() { fs::remove_all(made); }
    static void make_pki(const fs::path& pki) {
        const Instant now{std::int64_t{std::time(nullptr)} * 1'000'000};
        const Instant long_ago = now - hours(24 * 400);
        good(local::ensure_pki(pki, {"localhost", "127.0.0.1"}, long_ago));
        good(local::ensure_certificate(pki, "expired", agent_name(one), long_ago));
        good(local::ensure_pki(pki, {"localhost", "127.0.0.1"}, now));
        for (const Ordinal o : {zero, one, two})
            good(local::ensure_certificate(pki, "agent-" + std::to_string(o.value), agent_name(o)));
    }
    Files files(const std::string& name, const std::string& authority = "pki") const {
        const fs::path pki = dir / authority;
        return {pki / "ca.crt", pki / (name + ".crt"), pki / (name + ".key")};
    }

    // Agent 0 listens.
    void serve() {
        server.reset();
        if (!address)
            address = GetParam() == Over::tcp ? Address(TcpPort{"127.0.0.1", 0})
                                              : Address(UnixSocket{dir / "peer.sock"});
        auto started = Server::start(*address, files("agent-0"), zero, handlers());
        if (!started) throw std::runtime_error(started.error().what);
        server = std::move(*started);
        address = server->address();
    }
    Handlers handlers() {
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
        handlers.came_from = [this](Ordinal, const std::string& number) {
            const std::lock_guard lock(mutex);
            spoke_from = number;
        };
        handlers.doubted = [this](Doubt doubt, const std::string& what) {
            const std::lock_guard lock(mutex);
            doubts.push_back(doubt);
            said = what;
        };
        return handlers;
    }

    // As it is reached: by name, where there is one.
    Address reached() const {
        if (const auto* port = std::get_if<TcpPort>(&*address))
            return TcpPort{"localhost", port->number};
        return *address;
    }
    Client client(const Files& as, Ordinal self = one, Ordinal peer = zero) const {
        return Client(reached(), as, self, peer);
    }
    Failure failure_of(Client&& client, const PeerReport& told) {
        auto answer = client.exchange(told, patience);
        EXPECT_FALSE(answer);
        return answer ? Failure{FailureKind::unknown, "", ""} : answer.error();
    }
    FailureKind kind_of(Client&& client, const PeerReport& told) {
        return failure_of(std::move(client), told).kind;
    }
    void expect_words(const std::string& text, const std::vector<std::string>& words) {
        for (const std::string& word : words)
            EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
    }

    // Some program that is no agent of ours and checks nothing of its own.
    grpc::Status told_by(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
        grpc::ChannelArguments arguments;
        arguments.SetSslTargetNameOverride(agent_name(zero));
        auto stub = pb::Peers::NewStub(
            grpc::CreateCustomChannel(to_text(reached()), credentials, arguments));
        grpc::ClientContext context;
        context.set_deadline(deadline_after(patience));
        pb::Letter reply;
        return stub->Exchange(&context, to_wire({one, zero, report(1), 0}), &reply);
    }
    std::shared_ptr<grpc::ChannelCredentials> holding(const Files& as) const {
        return grpc::SslCredentials(
            {text_of(files("agent-0").ca), text_of(as.key), text_of(as.cert)});
    }
    void expect_untouched() {
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(heard.empty());
        EXPECT_EQ(own_sequence, 0U) << "nor is it told anything";
    }

    inline static fs::path made;
    fs::path dir;
    std::optional<Address> address;
    std::mutex mutex;
    bool knows = true;
    std::uint64_t own_sequence = 0;
    std::vector<std::pair<Ordinal, PeerReport>> heard;
    std::string spoke_from;
    std::vector<Doubt> doubts;
    std::string said;  // of the last one
    std::unique_ptr<Server> server;
};

struct PeerByTcp : Peer {};

std::string name_of(const testing::TestParamInfo<Over>& over) {
    return over.param == Over::tcp ? "Tcp" : "UnixSocket";
}
INSTANTIATE_TEST_SUITE_P(Agents, Peer, testing::Values(Over::unix_socket, Over::tcp), name_of);
INSTANTIATE_TEST_SUITE_P(Agents, PeerByTcp, testing::Values(Over::tcp), name_of);

TEST_P(Peer, BothSidesLearnTheOthersReportInOneExchange) {
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
    EXPECT_EQ(spoke_from, GetParam() == Over::tcp ? "127.0.0.1" : "");
    ASSERT_TRUE(asking.exchange(report(2), patience));
    EXPECT_EQ(heard.size(), 2U);
    EXPECT_TRUE(doubts.empty());
}

TEST_P(Peer, AStrangerOfAnotherAuthorityIsRefused) {
    serve();
    // It trusts this authority, but has nothing that this authority signed.
    EXPECT_FALSE(told_by(holding(files("agent-1", "other"))).ok());
    ASSERT_FALSE(doubts.empty());
    EXPECT_EQ(doubts.front(), Doubt::other_authority);
    expect_words(said, {"agent-1.quorate", "not signed by this cluster's authority", "pki"});
    expect_untouched();
    EXPECT_TRUE(client(files("agent-1")).exchange(report(1), patience)) << "one of ours is heard";
}

TEST_P(Peer, AnExpiredCertificateIsRefusedInWords) {
    serve();
    EXPECT_FALSE(told_by(holding(files("expired"))).ok());
    ASSERT_FALSE(doubts.empty());
    EXPECT_EQ(doubts.front(), Doubt::expired);
    expect_words(said, {"agent-1.quorate", "has expired", "renew it"});
    expect_untouched();
}

TEST_P(Peer, AnAgentSaysItselfThatItsCertificateWouldNotBeBelieved) {
    serve();
    const Failure expired = failure_of(client(files("expired")), report(1));
    EXPECT_EQ(expired.kind, FailureKind::refused);
    EXPECT_EQ(expired.where, files("expired").cert.string());
    expect_words(expired.what, {"has expired", "renew it"});
    const Files mixed{files("agent-1").ca, files("agent-1", "other").cert,
                      files("agent-1", "other").key};
    expect_words(failure_of(client(mixed), report(1)).what, {"not signed by this cluster's"});
    const Files torn{files("agent-1").ca, files("agent-1").cert, files("agent-2").key};
    expect_words(failure_of(client(torn), report(1)).what, {"does not belong"});
    EXPECT_TRUE(doubts.empty()) << "nobody was bothered with it";
    for (const char* name : {"expired", "client"}) {
        const auto started = Server::start(*address, files(name), one, handlers());
        ASSERT_FALSE(started) << name;
        EXPECT_EQ(started.error().where, files(name).cert.string());
    }
}

TEST_P(Peer, WhoShowsNoCertificateIsRefused) {
    serve();
    EXPECT_FALSE(told_by(grpc::SslCredentials({text_of(files("agent-0").ca), "", ""})).ok());
    EXPECT_FALSE(told_by(grpc::InsecureChannelCredentials()).ok()) << "nor who speaks no TLS";
    expect_untouched();
    EXPECT_TRUE(client(files("agent-1")).exchange(report(1), patience));
}

TEST_P(Peer, AStrangerThatListensIsNotBelieved) {
    serve();
    const Failure other = failure_of(client(files("agent-1", "other")), report(1));
    EXPECT_EQ(other.kind, FailureKind::refused);
    expect_words(other.what, {"agent-0.quorate", "not signed by this cluster's authority"});
    expect_untouched();
}

TEST_P(Peer, WhoListensWithAnExpiredCertificateIsNotBelieved) {
    grpc::SslServerCredentialsOptions expired;
    expired.pem_root_certs = text_of(files("expired").ca);
    expired.pem_key_cert_pairs.push_back(
        {text_of(files("expired").key), text_of(files("expired").cert)});
    address = GetParam() == Over::tcp ? Address(TcpPort{"127.0.0.1", 0})
                                      : Address(UnixSocket{dir / "peer.sock"});
    int port = 0;
    pb::Peers::Service silent;
    grpc::ServerBuilder builder;
    builder.RegisterService(&silent);
    builder.AddListeningPort(to_text(*address), grpc::SslServerCredentials(expired), &port);
    const auto listening = builder.BuildAndStart();
    if (auto* tcp = std::get_if<TcpPort>(&*address)) tcp->number = static_cast<std::uint16_t>(port);
    const Failure failure = failure_of(client(files("agent-2"), two, one), report(1));
    EXPECT_EQ(failure.kind, FailureKind::refused);
    expect_words(failure.what, {"has expired", "renew it"});
}

TEST_P(Peer, ACertificateThatIsNoAgentsIsRefused) {
    serve();
    for (const char* name : {"peer", "client"})
        EXPECT_EQ(kind_of(client(files(name)), report(1)), FailureKind::refused) << name;
    EXPECT_EQ(doubts, (std::vector{Doubt::stranger, Doubt::stranger}));
    EXPECT_TRUE(heard.empty());
}

TEST_P(Peer, AnAgentCannotSpeakForAnotherReplica) {
    serve();
    const Failure swapped = failure_of(client(files("agent-2"), one), report(1));
    EXPECT_EQ(swapped.kind, FailureKind::refused);
    const std::vector<std::string> words{"report of replica 1", "by agent-2.quorate",
                                         "speaks for another replica", "agent-N.crt"};
    expect_words(swapped.what, words);
    expect_words(said, words);
    EXPECT_EQ(kind_of(client(files("agent-0"), zero), report(1)), FailureKind::refused)
        << "nor an agent for the one it tells";
    EXPECT_EQ(doubts, (std::vector{Doubt::other_sender, Doubt::other_sender}));
    EXPECT_TRUE(heard.empty());
}

TEST_P(Peer, AnotherAgentThatListensThereIsNotBelieved) {
    serve();
    const Failure failure = failure_of(client(files("agent-1"), one, two), report(1));
    EXPECT_EQ(failure.kind, FailureKind::refused);
    expect_words(failure.what, {"agent-0.quorate answers where the agent of replica 2 was asked"});
    expect_untouched();
}

TEST_P(Peer, AnotherLineageIsRefused) {
    serve();
    EXPECT_EQ(kind_of(client(files("agent-1")), report(1, 7, "beef")), FailureKind::refused);
    EXPECT_EQ(doubts, std::vector{Doubt::other_lineage});
    EXPECT_TRUE(heard.empty());
}

TEST_P(Peer, AReportIsTakenOnceAndNeverAfterALaterOne) {
    serve();
    Client asking = client(files("agent-1"));
    ASSERT_TRUE(asking.exchange(report(5), patience));
    EXPECT_FALSE(asking.exchange(report(5), patience));
    EXPECT_FALSE(asking.exchange(report(4), patience));
    EXPECT_EQ(doubts, (std::vector{Doubt::replayed, Doubt::replayed}));
    EXPECT_EQ(heard.size(), 1U);
}

TEST_P(Peer, AnotherLifeOfEitherSideIsHeardAtOnce) {
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

TEST_P(Peer, WhoKnowsNoClusterYetAnswersNobody) {
    knows = false;
    serve();
    Client asking = client(files("agent-1"));
    const auto answer = asking.exchange(report(1), patience);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::unavailable);
    EXPECT_TRUE(heard.empty());
}

TEST_P(Peer, TheNextReportGoesOutUnderTheCertificateThatIsThereThen) {
    serve();
    Client asking = client(files("agent-1"));
    const auto hold = [&](const char* name) {
        put(files("agent-1").key, text_of(files(name, "before").key));
        put(files("agent-1").cert, text_of(files(name, "before").cert));
    };
    fs::copy(dir / "pki", dir / "before");
    ASSERT_TRUE(asking.exchange(report(1), patience));
    hold("agent-2");
    EXPECT_FALSE(asking.exchange(report(2), patience));
    EXPECT_EQ(doubts, std::vector{Doubt::other_sender});
    hold("agent-1");
    EXPECT_TRUE(asking.exchange(report(3), patience));
}

TEST_P(Peer, AllCertificatesAreRenewedWithoutARestart) {
    const auto renew = [&](const char* name) {
        put(dir / "pki" / name, text_of(dir / "other" / name));
    };
    serve();
    fs::copy(dir / "pki", dir / "before");
    Client asking = client(files("agent-1"));
    ASSERT_TRUE(asking.exchange(report(1), patience));
    for (const char* name : {"ca.crt", "agent-0.key", "agent-0.crt", "agent-1.key", "agent-1.crt"})
        renew(name);
    // Nobody is told: the next reports go by what the files hold.
    std::uint64_t sequence = 1;
    ASSERT_TRUE(
        eventually([&] { return asking.exchange(report(++sequence), patience).has_value(); }));
    EXPECT_TRUE(client(files("agent-2", "other"), two).exchange(report(1), patience))
        << "the listening side shows and believes the new ones";
    doubts.clear();
    const Files before = files("agent-2", "before");
    EXPECT_FALSE(told_by(grpc::SslCredentials({text_of(files("agent-0").ca), text_of(before.key),
                                               text_of(before.cert)}))
                     .ok());
    ASSERT_FALSE(doubts.empty());
    EXPECT_EQ(doubts.front(), Doubt::other_authority) << "the old ones are a stranger's now";
}

TEST_P(Peer, AnAuthorityIsReplacedWithoutAGapWhileBothAreTrusted) {
    serve();
    const std::string both = text_of(files("agent-0").ca) + text_of(files("agent-0", "other").ca);
    put(files("agent-0").ca, both);
    put(files("agent-0", "other").ca, both);
    EXPECT_TRUE(client(files("agent-1")).exchange(report(1), patience));
    EXPECT_TRUE(client(files("agent-2", "other"), two).exchange(report(1), patience));
}

TEST_P(Peer, FilesInTheMiddleOfBeingReplacedInterruptNothing) {
    serve();
    Client asking = client(files("agent-1"));
    ASSERT_TRUE(asking.exchange(report(1), patience));
    put(files("agent-1").key, text_of(files("agent-2").key));
    EXPECT_TRUE(asking.exchange(report(2), patience));
    fs::remove(files("agent-1").cert);
    EXPECT_TRUE(asking.exchange(report(3), patience));
}

// A node that vanished says nothing, and a connection to it would wait for a quarter of an hour.
TEST_P(PeerByTcp, AConnectionThatWentSilentIsGivenUp) {
    serve();
    test::Relay relay(std::get<TcpPort>(*address).number);
    Client asking(TcpPort{"localhost", relay.port()}, files("agent-1"), one, zero);
    ASSERT_TRUE(asking.exchange(report(1), patience));
    relay.silence();
    const auto unanswered = asking.exchange(report(2), milliseconds(200));
    ASSERT_FALSE(unanswered);
    EXPECT_EQ(unanswered.error().kind, FailureKind::unknown);
    EXPECT_TRUE(asking.exchange(report(3), patience)) << "the name leads to one who answers";
}

TEST_P(PeerByTcp, APortIsNotSharedWithAnother) {
    serve();
    const auto second = Server::start(*address, files("agent-0"), zero, handlers());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().where, to_text(*address));
}

TEST(AddressText, IsASocketOrAHostAndItsPort) {
    EXPECT_EQ(to_text(UnixSocket{"/d/peer-0.sock"}), "unix:/d/peer-0.sock");
    EXPECT_EQ(to_text(TcpPort{"etcd-0.etcd.kube-system.svc", 2382}),
              "etcd-0.etcd.kube-system.svc:2382");
    EXPECT_EQ(to_text(TcpPort{"::1", 2382}), "[::1]:2382");
}

// What no client of ours would send.

struct Forged : testing::Test {
    Sessions sessions{zero};
    PeerReport own = report(1);
    Letter letter(std::uint64_t sequence, std::uint64_t session, std::uint64_t boot = 7) {
        return {one, zero, report(sequence, boot), session};
    }
    Verdict judged(const Letter& letter) { return sessions.judge(letter, letter.from, own); }
};

TEST_F(Forged, SwappedAddressee) {
    Letter swapped = letter(1, 0);
    swapped.to = two;
    EXPECT_EQ(judged(swapped).doubt, Doubt::other_addressee);
}

TEST_F(Forged, RecordedInAnEarlierLifeOfTheAddressee) {
    Sessions before{zero};
    const auto session = before.judge(letter(1, 0), one, own).session;
    ASSERT_TRUE(before.judge(letter(1, session), one, own).taken);
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
