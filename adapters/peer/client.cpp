#include "adapters/peer/client.hpp"

#include <utility>

#include "adapters/peer/wire.hpp"

namespace quorate::peer {
namespace {

// A session is opened by the first letter and told under by the second.
constexpr int letters_at_most = 2;

std::shared_ptr<grpc::Channel> channel_to(const std::string& address, Pem pem, Ordinal peer) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = std::move(pem.ca);
    options.pem_private_key = std::move(pem.key);
    options.pem_cert_chain = std::move(pem.cert);
    grpc::ChannelArguments arguments;
    // A socket has no name of its own: whoever answers must hold this replica's certificate.
    arguments.SetSslTargetNameOverride(agent_name(peer));
    arguments.SetMaxReceiveMessageSize(letter_size_max);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    // Retries abort the process when a stream ends without a status (grpc issue 34683).
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

}  // namespace

struct Client::Wire {
    std::filesystem::path socket;
    Files files;
    Ordinal self;
    Ordinal peer;
    std::unique_ptr<pb::Peers::Stub> stub;
    std::uint64_t session = 0;

    Result<void> connect() {
        if (stub) return {};
        auto pem = read(files);
        if (!pem) return tl::unexpected(pem.error());
        stub = pb::Peers::NewStub(channel_to("unix:" + socket.string(), std::move(*pem), peer));
        return {};
    }

    tl::unexpected<Failure> failed(const grpc::Status& status) {
        const grpc::StatusCode code = status.error_code();
        if (code == grpc::StatusCode::UNAVAILABLE) {
            // A channel that did not connect fails further calls at once: the next call is an
            // attempt of its own, with the certificates that are there by then.
            stub.reset();
            return unavailable(status.error_message(), socket);
        }
        if (code == grpc::StatusCode::DEADLINE_EXCEEDED || code == grpc::StatusCode::CANCELLED ||
            code == grpc::StatusCode::UNKNOWN)
            return unknown(status.error_message(), socket);
        return refused(status.error_message(), socket);
    }

    Result<PeerReport> answer(const PeerReport& own, const pb::Letter& reply) const {
        auto letter = from_wire(reply);
        if (!letter || letter->from != peer || letter->to != self ||
            reply.answers() != own.sequence || letter->report.lineage != own.lineage)
            return refused("the answer is not one of this replica's agent to this report", socket);
        return std::move(letter->report);
    }
};

Client::Client(std::filesystem::path socket, Files files, Ordinal self, Ordinal peer)
    : wire_(new Wire{std::move(socket), std::move(files), self, peer, nullptr, 0}) {}
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
        auto told = wire_->answer(own, reply);
        if (!told) return told;
        wire_->session = reply.session();
        if (reply.taken() || attempt == letters_at_most) return told;
    }
}

}  // namespace quorate::peer
