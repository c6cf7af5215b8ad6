#include "adapters/api/client.hpp"

#include <adapters/api/agent.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <mutex>
#include <utility>

#include "adapters/api/convert.hpp"

namespace quorate::api {
namespace {

constexpr int reply_size_max = 64 << 20;  // 1,000 decisions with room

gpr_timespec deadline_after(Span span) {
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(span.us, GPR_TIMESPAN));
}

std::shared_ptr<grpc::Channel> channel_to(const std::filesystem::path& socket) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(reply_size_max);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // Retries abort the process when a stream ends without a status (grpc issue 34683).
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    // An agent that was restarted answers again at once. Of the three the minimum stays gRPC's own:
    // it also bounds how long one connection may take to be answered (grpc 1.51, subchannel.cc),
    // and an agent that gets no time on the processor for a moment is none that is silent.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
    return grpc::CreateCustomChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials(),
                                     arguments);
}

}  // namespace

struct Client::Wire {
    std::filesystem::path socket;
    std::unique_ptr<Agent::Stub> stub;
    std::mutex mutex;
    grpc::ClientContext* following = nullptr;
    bool stopped = false;

    tl::unexpected<Failure> failed(const grpc::Status& status) const {
        if (status.error_code() == grpc::StatusCode::UNAVAILABLE)
            return unavailable("the agent does not answer: " + status.error_message(), socket);
        if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
            status.error_code() == grpc::StatusCode::UNKNOWN ||
            status.error_code() == grpc::StatusCode::CANCELLED)
            return unknown("no answer of the agent: " + status.error_message(), socket);
        return refused(status.error_message(), socket);
    }
};

Client::Client(std::filesystem::path socket) : wire_(std::make_unique<Wire>()) {
    wire_->stub = Agent::NewStub(channel_to(socket));
    wire_->socket = std::move(socket);
}
Client::~Client() = default;

Result<std::string> Client::status(Span deadline) {
    grpc::ClientContext context;
    context.set_deadline(deadline_after(deadline));
    StatusReply reply;
    const grpc::Status ended = wire_->stub->Status(&context, StatusRequest(), &reply);
    if (!ended.ok()) return wire_->failed(ended);
    return std::move(*reply.mutable_json());
}

Result<std::vector<Explained>> Client::recent(std::uint32_t last, std::optional<EventSeq> event,
                                              Span deadline) {
    grpc::ClientContext context;
    context.set_deadline(deadline_after(deadline));
    RecentRequest request;
    request.set_last(last);
    if (event) request.set_event(event->value);
    RecentReply reply;
    const grpc::Status ended = wire_->stub->Recent(&context, request, &reply);
    if (!ended.ok()) return wire_->failed(ended);
    std::vector<Explained> decisions;
    for (const Decision& decision : reply.decisions())
        decisions.push_back(from_wire(decision));
    return decisions;
}

Result<std::string> Client::recover_plan(Span deadline) {
    grpc::ClientContext context;
    context.set_deadline(deadline_after(deadline));
    RecoverPlanReply reply;
    const grpc::Status ended = wire_->stub->RecoverPlan(&context, RecoverPlanRequest(), &reply);
    if (!ended.ok()) return wire_->failed(ended);
    return std::move(*reply.mutable_json());
}

Result<void> Client::approve_recovery(const std::string& token, Span deadline) {
    grpc::ClientContext context;
    context.set_deadline(deadline_after(deadline));
    ApproveRecoveryRequest request;
    request.set_token(token);
    ApproveRecoveryReply reply;
    const grpc::Status ended = wire_->stub->ApproveRecovery(&context, request, &reply);
    if (!ended.ok()) return wire_->failed(ended);
    return {};
}

Result<void> Client::export_journal(const std::filesystem::path& path, Span deadline) {
    grpc::ClientContext context;
    context.set_deadline(deadline_after(deadline));
    ExportJournalRequest request;
    request.set_path(path.string());
    ExportJournalReply reply;
    const grpc::Status ended = wire_->stub->ExportJournal(&context, request, &reply);
    if (!ended.ok()) return wire_->failed(ended);
    return {};
}

Result<void> Client::follow(EventSeq after, const std::function<void(const Explained&)>& told) {
    grpc::ClientContext context;
    {
        const std::lock_guard lock(wire_->mutex);
        if (wire_->stopped) return {};
        wire_->following = &context;
    }
    FollowRequest request;
    request.set_after(after.value);
    const auto reader = wire_->stub->Follow(&context, request);
    Decision decision;
    while (reader->Read(&decision))
        told(from_wire(decision));
    const grpc::Status ended = reader->Finish();
    const std::lock_guard lock(wire_->mutex);
    wire_->following = nullptr;
    if (ended.ok() || wire_->stopped) return {};
    return wire_->failed(ended);
}

void Client::stop_following() {
    const std::lock_guard lock(wire_->mutex);
    wire_->stopped = true;
    if (wire_->following != nullptr) wire_->following->TryCancel();
}

}  // namespace quorate::api
