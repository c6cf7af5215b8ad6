#include "adapters/peer/server.hpp"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "adapters/peer/trust.hpp"
#include "adapters/peer/verifier.hpp"
#include "adapters/peer/wire.hpp"

namespace quorate::peer {
namespace {

constexpr Span shutdown_grace = milliseconds(500);
constexpr unsigned certificate_look_s = 1;  // at the agent's own files: three short reads
// Who connected while its certificate held is believed for no longer than this without it.
constexpr int connection_age_max_ms = 10 * 60 * 1000;

std::vector<std::string> certified_names(const grpc::ServerContext& context) {
    const auto auth = context.auth_context();
    if (!auth || !auth->IsPeerAuthenticated()) return {};
    std::vector<std::string> names;
    for (const grpc::string_ref& name : auth->FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME))
        names.emplace_back(name.data(), name.size());
    return names;
}

// Of gRPC's way to say who connected: ipv4:10.0.0.7:4711, ipv6:%5B::1%5D:4711, unix:PATH.
std::string number_in(const std::string& peer) {
    const std::size_t scheme = peer.find(':');
    const std::size_t port = peer.rfind(':');
    if (!peer.starts_with("ipv") || port == scheme) return "";
    std::string number = peer.substr(scheme + 1, port - scheme - 1);
    constexpr std::string_view opening = "%5B";
    constexpr std::string_view closing = "%5D";
    if (number.starts_with(opening) && number.ends_with(closing))
        number = number.substr(opening.size(), number.size() - opening.size() - closing.size());
    constexpr std::string_view mapped = "::ffff:";  // RFC 4291 2.5.5.2
    return number.starts_with(mapped) ? number.substr(mapped.size()) : number;
}

// Handshakes are judged on threads that may outlive the server, and end with nobody to tell then.
class Door {
  public:
    Door(std::filesystem::path authority, Handlers handlers)
        : authority_(std::move(authority)), handlers_(std::move(handlers)) {}

    // The authority's file is read for each connection: whoever comes is judged by the newest.
    std::optional<std::string> refuses(const Shown& shown) {
        const auto authority = read_file(authority_);
        const auto distrusted = authority
                                    ? distrust(shown.chain, *authority, End::client)
                                    : Distrust{Doubt::other_authority, authority.error().what};
        if (!distrusted) return std::nullopt;
        const std::string what = in_words(*distrusted, shown);
        const std::lock_guard lock(mutex_);
        if (open_) handlers_.doubted(distrusted->doubt, what);
        return what;
    }
    void close() {
        const std::lock_guard lock(mutex_);
        open_ = false;
    }

  private:
    const std::filesystem::path authority_;
    const Handlers handlers_;
    std::mutex mutex_;
    bool open_ = true;
};

std::shared_ptr<grpc::ServerCredentials> credentials(const Files& files,
                                                     const std::shared_ptr<Door>& door) {
    grpc::experimental::TlsServerCredentialsOptions options(
        std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
            files.key.string(), files.cert.string(), certificate_look_s));
    options.watch_identity_key_cert_pairs();
    // Verified all the same, by the door: gRPC's own check has no words and tells nobody.
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
    options.set_certificate_verifier(
        verifier([door](const Shown& shown) { return door->refuses(shown); }));
    return grpc::experimental::TlsServerCredentials(options);
}

class Service final : public pb::Peers::Service {
  public:
    Service(Ordinal self, Handlers handlers)
        : self_(self), handlers_(std::move(handlers)), sessions_(self) {}

    grpc::Status Exchange(grpc::ServerContext* context, const pb::Letter* request,
                          pb::Letter* reply) override {
        const auto letter = from_wire(*request);
        if (!letter) return {grpc::StatusCode::INVALID_ARGUMENT, "no letter of an agent"};
        // In this order: who tells something is answered with what was known before it.
        auto own = handlers_.report();
        if (!own) return {grpc::StatusCode::UNAVAILABLE, "the cluster record is not known yet"};
        const std::vector<std::string> names = certified_names(*context);
        const Verdict verdict = sessions_.judge(*letter, agent_named(names), *own);
        if (verdict.doubt) return doubted(*verdict.doubt, *letter, names);
        if (verdict.taken) {
            handlers_.came_from(letter->from, number_in(context->peer()));
            handlers_.heard(letter->from, letter->report);
        }
        *reply = to_wire({self_, letter->from, std::move(*own), verdict.session});
        reply->set_answers(letter->report.sequence);
        reply->set_taken(verdict.taken);
        return grpc::Status::OK;
    }

  private:
    grpc::Status doubted(Doubt doubt, const Letter& letter,
                         const std::vector<std::string>& names) const {
        const std::string what = "a report of replica " + std::to_string(letter.from.value) +
                                 " to replica " + std::to_string(letter.to.value) + " by " +
                                 listed(names) + ": " + meaning_of(doubt);
        handlers_.doubted(doubt, what);
        return {grpc::StatusCode::PERMISSION_DENIED, what};
    }

    const Ordinal self_;
    const Handlers handlers_;
    Sessions sessions_;
};

Result<void> make_room(const std::filesystem::path& socket) {
    if (socket.string().size() >= sizeof(sockaddr_un{}.sun_path))
        return refused("the path is too long for a unix socket", socket);
    std::error_code error;
    std::filesystem::create_directories(socket.parent_path(), error);
    if (!error) std::filesystem::remove(socket, error);
    if (error) return unavailable("no room for a socket: " + error.message(), socket);
    return {};
}

Result<void> keep_to_the_owner(const std::filesystem::path& socket) {
    if (::chmod(socket.c_str(), 0600) != 0)
        return unavailable("the socket's mode cannot be set", socket);
    return {};
}

}  // namespace

struct Server::Running {
    Address address;
    std::shared_ptr<Door> door;
    Service service;
    std::unique_ptr<grpc::Server> server;

    Running(Address at, const Files& files, Ordinal self, const Handlers& handlers)
        : address(std::move(at)),
          door(std::make_shared<Door>(files.ca, handlers)),
          service(self, handlers) {}

    // 0: not.
    int listen(const Files& files) {
        int port = 0;
        grpc::ServerBuilder builder;
        builder.AddListeningPort(to_text(address), credentials(files, door), &port);
        builder.RegisterService(&service);
        builder.SetMaxReceiveMessageSize(letter_size_max);
        builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, connection_age_max_ms);
        // Else two agents share a port, and each hears half of what is told.
        builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
        // A few small letters a second: one waiting thread.
        builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
        builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
        builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
        builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::CQ_TIMEOUT_MSEC, 60'000);
        server = builder.BuildAndStart();
        return server ? port : 0;
    }
};

Server::Server(std::unique_ptr<Running> running) : running_(std::move(running)) {}

Result<std::unique_ptr<Server>> Server::start(const Address& address, const Files& files,
                                              Ordinal self, Handlers handlers) {
    if (auto own = read(files, End::server); !own) return tl::unexpected(own.error());
    const auto* socket = std::get_if<UnixSocket>(&address);
    if (socket != nullptr)
        if (auto room = make_room(socket->path); !room) return tl::unexpected(room.error());
    auto running = std::make_unique<Running>(address, files, self, handlers);
    const int port = running->listen(files);
    if (!running->server)
        return unavailable("other agents cannot be listened to; end whoever listens there",
                           to_text(address));
    if (auto* tcp = std::get_if<TcpPort>(&running->address))
        tcp->number = static_cast<std::uint16_t>(port);
    if (socket != nullptr)
        if (auto kept = keep_to_the_owner(socket->path); !kept) return tl::unexpected(kept.error());
    return std::unique_ptr<Server>(new Server(std::move(running)));
}

Server::~Server() {
    running_->server->Shutdown(deadline_after(shutdown_grace));
    running_->server->Wait();
    running_->door->close();
    if (const auto* socket = std::get_if<UnixSocket>(&running_->address))
        ::unlink(socket->path.c_str());
}

const Address& Server::address() const { return running_->address; }

}  // namespace quorate::peer
