#include "adapters/peer/server.hpp"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <system_error>
#include <utility>
#include <vector>

#include "adapters/peer/wire.hpp"

namespace quorate::peer {
namespace {

constexpr Span shutdown_grace = milliseconds(500);

std::vector<std::string> certified_names(const grpc::ServerContext& context) {
    const auto auth = context.auth_context();
    if (!auth || !auth->IsPeerAuthenticated()) return {};
    std::vector<std::string> names;
    for (const grpc::string_ref& name : auth->FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME))
        names.emplace_back(name.data(), name.size());
    return names;
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
        const Verdict verdict =
            sessions_.judge(*letter, agent_named(certified_names(*context)), own->lineage);
        if (verdict.doubt) {
            handlers_.doubted(*verdict.doubt);
            return {grpc::StatusCode::PERMISSION_DENIED, name_of(*verdict.doubt)};
        }
        if (verdict.taken) handlers_.heard(letter->from, letter->report);
        *reply = to_wire({self_, letter->from, std::move(*own), verdict.session});
        reply->set_answers(letter->report.sequence);
        reply->set_taken(verdict.taken);
        return grpc::Status::OK;
    }

  private:
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

}  // namespace

struct Server::Running {
    std::filesystem::path socket;
    Service service;
    std::unique_ptr<grpc::Server> server;

    Running(std::filesystem::path path, Ordinal self, Handlers handlers)
        : socket(std::move(path)), service(self, std::move(handlers)) {}
};

Server::Server(std::unique_ptr<Running> running) : running_(std::move(running)) {}

Result<std::unique_ptr<Server>> Server::start(const std::filesystem::path& socket,
                                              const Files& files, Ordinal self, Handlers handlers) {
    auto pem = read(files);
    if (!pem) return tl::unexpected(pem.error());
    if (auto room = make_room(socket); !room) return tl::unexpected(room.error());
    grpc::SslServerCredentialsOptions options(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = std::move(pem->ca);
    options.pem_key_cert_pairs.push_back({std::move(pem->key), std::move(pem->cert)});
    auto running = std::make_unique<Running>(socket, self, std::move(handlers));
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket.string(), grpc::SslServerCredentials(options));
    builder.RegisterService(&running->service);
    builder.SetMaxReceiveMessageSize(letter_size_max);
    // A few small letters a second: one waiting thread.
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::CQ_TIMEOUT_MSEC, 60'000);
    running->server = builder.BuildAndStart();
    if (!running->server) return unavailable("other agents cannot be listened to", socket);
    if (::chmod(socket.c_str(), 0600) != 0)
        return unavailable("the socket's mode cannot be set", socket);
    return std::unique_ptr<Server>(new Server(std::move(running)));
}

Server::~Server() {
    running_->server->Shutdown(deadline_after(shutdown_grace));
    running_->server->Wait();
    ::unlink(running_->socket.c_str());
}

}  // namespace quorate::peer
