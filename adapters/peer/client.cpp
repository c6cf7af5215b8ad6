#include "adapters/peer/client.hpp"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <mutex>
#include <utility>
#include <vector>

#include "adapters/base/file_stamps.hpp"
#include "adapters/peer/trust.hpp"
#include "adapters/peer/verifier.hpp"
#include "adapters/peer/wire.hpp"

namespace quorate::peer {
namespace {

// A session is opened by the first letter and told under by the second.
constexpr int letters_at_most = 2;

std::string target_of(const Address& address) {
    const bool resolved = std::holds_alternative<TcpPort>(address);
    return (resolved ? "dns:///" : "") + to_text(address);
}

// Why whoever answers is not believed, from the thread of the handshake to the one that called.
class Noted {
  public:
    void put(std::string what) {
        const std::lock_guard lock(mutex_);
        what_ = std::move(what);
    }
    std::optional<std::string> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(what_, std::nullopt);
    }

  private:
    std::mutex mutex_;
    std::optional<std::string> what_;
};

// Neither a socket nor a name that may lead elsewhere by now says who answers: the certificate
// does.
std::optional<std::string> not_the_peer(const Shown& shown, const std::string& authority,
                                        Ordinal peer) {
    if (const auto distrusted = distrust(shown.chain, authority, End::server))
        return in_words(*distrusted, shown);
    if (agent_named(shown.names) == peer) return std::nullopt;
    return listed(shown.names) + " answers where the agent of replica " +
           std::to_string(peer.value) + " was asked; look where its address leads";
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const Pem& pem, Ordinal peer,
                                                      const std::shared_ptr<Noted>& noted) {
    using grpc::experimental::IdentityKeyCertPair;
    grpc::experimental::TlsChannelCredentialsOptions options;
    options.set_certificate_provider(
        std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
            pem.ca, std::vector{IdentityKeyCertPair{pem.key, pem.cert}}));
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    // Verified all the same, here: gRPC's own check has no words.
    options.set_verify_server_certs(false);
    options.set_check_call_host(false);
    options.set_certificate_verifier(
        verifier([noted, authority = pem.ca, peer](const Shown& shown) {
            auto why = not_the_peer(shown, authority, peer);
            if (why) noted->put(*why);
            return why;
        }));
    return grpc::experimental::TlsCredentials(options);
}

grpc::ChannelArguments channel_arguments(Ordinal peer) {
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(agent_name(peer));
    arguments.SetMaxReceiveMessageSize(letter_size_max);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    // Retries abort the process when a stream ends without a status (grpc issue 34683).
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    // Despite its name this is how long one attempt to connect may take, TLS included.
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2'000);
    return arguments;
}

}  // namespace

struct Client::Wire {
    Address address;
    Files files;
    Ordinal self;
    Ordinal peer;
    std::shared_ptr<Noted> noted = std::make_shared<Noted>();
    std::vector<FileStamp> stamps = {};  // of the files that the channel was made of
    std::shared_ptr<grpc::Channel> channel = nullptr;
    std::unique_ptr<pb::Peers::Stub> stub = nullptr;
    std::uint64_t session = 0;

    std::string where() const { return to_text(address); }

    // Files in the middle of being replaced: what stands goes on, and they are looked at again.
    Result<void> connect() {
        const auto now = stamps_of({files.ca, files.cert, files.key});
        if (stub && now == stamps) return {};
        const auto pem = read(files, End::client);
        if (!pem && stub) return {};
        if (!pem) return tl::unexpected(pem.error());
        channel = grpc::CreateCustomChannel(target_of(address), credentials(*pem, peer, noted),
                                            channel_arguments(peer));
        stub = pb::Peers::NewStub(channel);
        stamps = now;
        return {};
    }

    tl::unexpected<Failure> failed(const grpc::Status& status) {
        const grpc::StatusCode code = status.error_code();
        const bool late = code == grpc::StatusCode::DEADLINE_EXCEEDED;
        // A channel that did not connect fails further calls at once, and one whose other end went
        // away without a word waits for it: the next call is an attempt of its own, with the
        // certificates and to the place that are right by then.
        if (code == grpc::StatusCode::UNAVAILABLE ||
            (late && channel->GetState(false) == GRPC_CHANNEL_READY))
            stub.reset();
        if (auto why = noted->take()) return refused(std::move(*why), where());
        if (code == grpc::StatusCode::UNAVAILABLE)
            return unavailable(status.error_message(), where());
        if (late || code == grpc::StatusCode::CANCELLED || code == grpc::StatusCode::UNKNOWN)
            return unknown(status.error_message(), where());
        return refused(status.error_message(), where());
    }

    Result<PeerReport> answer(const PeerReport& own, const pb::Letter& reply) const {
        auto letter = from_wire(reply);
        if (!letter || letter->from != peer || letter->to != self ||
            reply.answers() != own.sequence || of_other_clusters(letter->report, own))
            return refused("the answer is not one of this replica's agent to this report", where());
        return std::move(letter->report);
    }
};

Client::Client(Address address, Files files, Ordinal self, Ordinal peer)
    : wire_(new Wire{std::move(address), std::move(files), self, peer}) {}
Client::~Client() = default;

Result<PeerReport> Client::exchange(const PeerReport& own, Span deadline) {
    const auto until = deadline_after(deadline);
    for (int attempt = 1;; ++attempt) {
        if (auto connected = wire_->connect(); !connected) return tl::unexpected(connected.error());
        grpc::ClientContext context;
        context.set_deadline(until);
        pb::Letter reply;
        const pb::Letter letter = to_wire({wire_->self, wire_->peer, own, wire_->session});
        const grpc::Status ended = wire_->stub->Exchange(&context, letter, &reply);
        if (!ended.ok()) return wire_->failed(ended);
        wire_->noted->take();  // of an attempt before, which nobody heard of
        auto told = wire_->answer(own, reply);
        if (!told) return told;
        wire_->session = reply.session();
        if (reply.taken() || attempt == letters_at_most) return told;
    }
}

}  // namespace quorate::peer
