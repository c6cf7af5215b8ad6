#include "adapters/api/server.hpp"

#include <adapters/api/agent.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>

#include "adapters/api/convert.hpp"

namespace quorate::api {
namespace {

// How often a quiet live view is looked at: has its reader gone?
constexpr std::chrono::milliseconds follower_look{250};
constexpr std::chrono::seconds shutdown_grace{2};

grpc::Status status_of(const Failure& failure) {
    const std::string text =
        failure.where.empty() ? failure.what : failure.where + ": " + failure.what;
    switch (failure.kind) {
        case FailureKind::refused:
            return {grpc::StatusCode::FAILED_PRECONDITION, text};
        case FailureKind::unavailable:
            return {grpc::StatusCode::UNAVAILABLE, text};
        case FailureKind::unknown:
            return {grpc::StatusCode::UNKNOWN, text};
    }
    return {grpc::StatusCode::UNKNOWN, text};
}

struct Follower {
    std::deque<Explained> waiting;
};

class Service final : public Agent::Service {
  public:
    explicit Service(Handlers handlers) : handlers_(std::move(handlers)) {}

    grpc::Status Status(grpc::ServerContext*, const StatusRequest*, StatusReply* reply) override {
        if (!handlers_.status) return missing();
        reply->set_json(handlers_.status());
        return grpc::Status::OK;
    }

    grpc::Status Recent(grpc::ServerContext*, const RecentRequest* request,
                        RecentReply* reply) override {
        if (!handlers_.recent) return missing();
        const std::uint32_t last =
            request->last() == 0 ? recent_max : std::min(request->last(), recent_max);
        std::optional<EventSeq> event;
        if (request->event() != 0) event = EventSeq{request->event()};
        auto decisions = handlers_.recent(last, event);
        if (!decisions) return status_of(decisions.error());
        for (const Explained& decision : *decisions)
            *reply->add_decisions() = to_wire(decision);
        return grpc::Status::OK;
    }

    grpc::Status Follow(grpc::ServerContext* context, const FollowRequest* request,
                        grpc::ServerWriter<Decision>* writer) override {
        Follower self;
        std::unique_lock lock(mutex_);
        if (followers_.size() >= followers_max)
            return {grpc::StatusCode::RESOURCE_EXHAUSTED,
                    std::to_string(followers_max) + " live views are open already; close one"};
        followers_.push_back(&self);
        lock.unlock();
        writer->SendInitialMetadata();
        EventSeq last = tell_recent(EventSeq{request->after()}, *writer);
        lock.lock();
        while (!ending_ && !context->IsCancelled()) {
            if (self.waiting.empty()) {
                changed_.wait_for(lock, follower_look);
                continue;
            }
            const Explained next = std::move(self.waiting.front());
            self.waiting.pop_front();
            if (next.seq <= last) continue;  // told with the recent ones
            lock.unlock();
            last = next.seq;
            const bool written = writer->Write(to_wire(next));
            lock.lock();
            if (!written) break;
        }
        std::erase(followers_, &self);
        return grpc::Status::OK;
    }

    grpc::Status RecoverPlan(grpc::ServerContext*, const RecoverPlanRequest*,
                             RecoverPlanReply* reply) override {
        if (!handlers_.recover_plan) return missing();
        auto plan = handlers_.recover_plan();
        if (!plan) return status_of(plan.error());
        reply->set_json(*plan);
        return grpc::Status::OK;
    }

    grpc::Status ApproveRecovery(grpc::ServerContext*, const ApproveRecoveryRequest* request,
                                 ApproveRecoveryReply*) override {
        if (!handlers_.approve_recovery) return missing();
        auto done = handlers_.approve_recovery(request->token());
        return done ? grpc::Status::OK : status_of(done.error());
    }

    grpc::Status ExportJournal(grpc::ServerContext*, const ExportJournalRequest* request,
                               ExportJournalReply*) override {
        if (!handlers_.export_journal) return missing();
        auto done = handlers_.export_journal(request->path());
        return done ? grpc::Status::OK : status_of(done.error());
    }

    void publish(const Explained& explained) {
        const std::lock_guard lock(mutex_);
        for (Follower* follower : followers_) {
            if (follower->waiting.size() >= follower_queue_max) follower->waiting.pop_front();
            follower->waiting.push_back(explained);
        }
        if (!followers_.empty()) changed_.notify_all();
    }

    void end() {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        changed_.notify_all();
    }

  private:
    // A follower that is on the list already misses nothing between these and what comes.
    EventSeq tell_recent(EventSeq after, grpc::ServerWriter<Decision>& writer) {
        if (!handlers_.recent) return after;
        const auto recent = handlers_.recent(recent_max, std::nullopt);
        if (!recent) return after;
        // An agent whose journal began anew counts from one again.
        if (!recent->empty() && recent->back().seq < after) after = EventSeq{};
        for (const Explained& decision : *recent) {
            if (decision.seq <= after) continue;
            after = decision.seq;
            writer.Write(to_wire(decision));
        }
        return after;
    }

    static grpc::Status missing() {
        return {grpc::StatusCode::UNIMPLEMENTED, "this agent cannot answer that"};
    }

    Handlers handlers_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Follower*> followers_;
    bool ending_ = false;
};

std::string error_text(int error) { return std::generic_category().message(error); }

// True: somebody accepts connections there.
bool somebody_listens(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const bool accepted =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return accepted;
}

Result<void> make_room(const std::filesystem::path& socket) {
    if (socket.string().size() >= sizeof(sockaddr_un{}.sun_path))
        return refused("the path is too long for a unix socket", socket);
    std::error_code error;
    std::filesystem::create_directories(socket.parent_path(), error);
    if (error)
        return unavailable("the directory cannot be made: " + error.message(),
                           socket.parent_path());
    if (somebody_listens(socket))
        return refused("another agent answers there; stop it first", socket);
    if (::unlink(socket.c_str()) != 0 && errno != ENOENT)
        return unavailable("a stale socket cannot be removed: " + error_text(errno), socket);
    return {};
}

}  // namespace

struct Server::Running {
    std::filesystem::path socket;
    Service service;
    std::unique_ptr<grpc::Server> server;

    Running(std::filesystem::path path, Handlers handlers)
        : socket(std::move(path)), service(std::move(handlers)) {}
};

Server::Server(std::unique_ptr<Running> running) : running_(std::move(running)) {}

Result<std::unique_ptr<Server>> Server::start(const std::filesystem::path& socket,
                                              Handlers handlers) {
    if (auto room = make_room(socket); !room) return tl::unexpected(room.error());
    auto running = std::make_unique<Running>(socket, std::move(handlers));
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket.string(), grpc::InsecureServerCredentials());
    builder.RegisterService(&running->service);
    // One waiting thread: a person asks now and then, and the agent is to stay small.
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::CQ_TIMEOUT_MSEC, 60'000);
    running->server = builder.BuildAndStart();
    if (!running->server) return unavailable("the API cannot listen", socket);
    if (::chmod(socket.c_str(), 0600) != 0)
        return unavailable("the socket's mode cannot be set: " + error_text(errno), socket);
    return std::unique_ptr<Server>(new Server(std::move(running)));
}

Server::~Server() {
    running_->service.end();
    running_->server->Shutdown(std::chrono::system_clock::now() + shutdown_grace);
    running_->server->Wait();
    ::unlink(running_->socket.c_str());
}

void Server::publish(const Explained& explained) { running_->service.publish(explained); }

}  // namespace quorate::api
