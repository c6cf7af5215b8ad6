#include "adapters/etcd/link.hpp"

#include <fstream>
#include <string>
#include <utility>

#include "adapters/base/rest_of.hpp"

namespace quorate::etcd {
namespace {

constexpr int message_size_max = 64 << 20;  // a member list or 10,000 keys, with room

grpc::ChannelArguments channel_arguments() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(message_size_max);
    // etcd is never behind a proxy; the environment's is for others.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    // Whoever asks looks again anyway, and gRPC's own retries abort the process when a stream ends
    // without a status, as those of a member that stood still do (grpc issue 34683).
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    // Two clients of one member do not share a connection or its backoff.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // A restarted member is seen within a second, a pod's new address too.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
    arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1'000);
    // Despite its name this is how long one attempt to connect may take, TLS included.
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2'000);
    // etcd drops clients that ping more often than every 5 s, or without a call in flight.
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    return arguments;
}

Result<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text = rest_of(file);
    if (text.empty()) return refused("a file of the TLS client is missing or empty", path);
    return text;
}

Result<std::shared_ptr<grpc::ChannelCredentials>> credentials(const Url& url,
                                                              const std::optional<Tls>& tls) {
    if (!url.tls) return grpc::InsecureChannelCredentials();
    auto ca = read_file(tls->ca);
    if (!ca) return tl::unexpected(ca.error());
    auto cert = read_file(tls->cert);
    if (!cert) return tl::unexpected(cert.error());
    auto key = read_file(tls->key);
    if (!key) return tl::unexpected(key.error());
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = std::move(*ca);
    options.pem_cert_chain = std::move(*cert);
    options.pem_private_key = std::move(*key);
    return grpc::SslCredentials(options);
}

}  // namespace

gpr_timespec deadline_after(Span span) {
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(span.us, GPR_TIMESPAN));
}

Link::Link(Url url, std::optional<Tls> tls, std::string address)
    : url_(std::move(url)), tls_(std::move(tls)), address_(std::move(address)) {}

Result<std::unique_ptr<Link>> Link::create(Url url, std::optional<Tls> tls, std::string address) {
    std::unique_ptr<Link> link(new Link(std::move(url), std::move(tls), std::move(address)));
    link->stamps_ = link->stamps();
    auto stubs = link->connect();
    if (!stubs) return tl::unexpected(stubs.error());
    link->stubs_ = std::move(*stubs);
    return link;
}

Result<std::shared_ptr<Stubs>> Link::connect() const {
    const auto allowed = credentials(url_, tls_);
    if (!allowed) return tl::unexpected(allowed.error());
    grpc::ChannelArguments arguments = channel_arguments();
    Url place = url_;
    if (!address_.empty()) {
        arguments.SetSslTargetNameOverride(url_.host);
        place.host = address_;
    }
    const auto channel =
        grpc::CreateCustomChannel("dns:///" + authority(place), *allowed, arguments);
    return std::make_shared<Stubs>(pb::KV::NewStub(channel), pb::Cluster::NewStub(channel),
                                   pb::Maintenance::NewStub(channel));
}

std::vector<FileStamp> Link::stamps() const {
    return tls_ ? stamps_of({tls_->ca, tls_->cert, tls_->key}) : std::vector<FileStamp>{};
}

std::shared_ptr<Stubs> Link::stubs() {
    const std::lock_guard lock(mutex_);
    auto now = stamps();
    if (now == stamps_) return stubs_;
    // Files in the middle of being replaced: the old channel goes on, and the next call looks
    // again.
    auto next = connect();
    if (!next) return stubs_;
    stamps_ = std::move(now);
    return stubs_ = std::move(*next);
}

NotDone Link::failed(const std::shared_ptr<Stubs>& stubs, const grpc::Status& status) {
    NotDone why = classify(status.error_code(), status.error_message());
    const auto* refusal = std::get_if<Refused>(&why);
    if (refusal == nullptr || refusal->refusal != Refusal::not_reachable) return why;
    // Files that cannot be read at this moment: the old channel still makes its own attempts.
    auto next = connect();
    if (!next) return why;
    const std::lock_guard lock(mutex_);
    // Several callers may have failed on the same channel: the first one replaces it.
    if (stubs_ == stubs) stubs_ = std::move(*next);
    return why;
}

}  // namespace quorate::etcd
