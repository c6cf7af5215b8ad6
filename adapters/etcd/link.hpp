// The way to one member's client port: the gRPC channel, its credentials, and how a call is made
// and its failure read. Seen by client.cpp alone.
//
// gRPC watches a connection only while a call waits, and a channel that has failed to connect fails
// further calls at once: one that polls such a channel would hear of a restarted member by chance.
// So a channel that did not connect is replaced, and each call is its own attempt. It is replaced,
// too, when the certificates changed: the next call goes by the new ones.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

#include "adapters/base/file_stamps.hpp"
#include "adapters/base/result.hpp"
#include "adapters/etcd/errors.hpp"
#include "adapters/etcd/rpc.grpc.pb.h"
#include "adapters/etcd/tls.hpp"
#include "adapters/etcd/url.hpp"
#include "core/base/instant.hpp"

namespace quorate::etcd {

namespace pb = ::etcdserverpb;

using Stubs = std::tuple<std::unique_ptr<pb::KV::Stub>, std::unique_ptr<pb::Cluster::Stub>,
                         std::unique_ptr<pb::Maintenance::Stub>>;

class Link {
  public:
    // Reads the files; connects nothing yet. `address`: Endpoint::address.
    static Result<std::unique_ptr<Link>> create(Url url, std::optional<Tls> tls,
                                                std::string address = {});

    // Made anew when a file of the certificates is another one by now and all can be read. The lock
    // covers the pointer, never a call.
    std::shared_ptr<Stubs> stubs();

    // What a failed call on `stubs` means. Replaces them when they did not connect, with the
    // certificates that are in the files by now.
    NotDone failed(const std::shared_ptr<Stubs>& stubs, const grpc::Status& status);

  private:
    Link(Url url, std::optional<Tls> tls, std::string address);
    Result<std::shared_ptr<Stubs>> connect() const;
    std::vector<FileStamp> stamps() const;

    const Url url_;
    const std::optional<Tls> tls_;
    const std::string address_;
    std::mutex mutex_;
    std::shared_ptr<Stubs> stubs_;
    std::vector<FileStamp> stamps_;  // of the files that the channel was made of
};

// One point in time for all the calls of one operation. It bounds waiting and never becomes data.
gpr_timespec deadline_after(Span span);

template <class Stub, class Request, class Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

// Fails fast: a call on a member that cannot be reached is refused, it does not wait for it.
template <class Stub, class Request, class Response>
Answer<Response> call(Link& link, Method<Stub, Request, Response> method, const Request& request,
                      gpr_timespec until) {
    const auto stubs = link.stubs();
    Stub& stub = *std::get<std::unique_ptr<Stub>>(*stubs);
    grpc::ClientContext context;
    context.set_deadline(until);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return not_done<Response>(link.failed(stubs, status));
    return response;
}

}  // namespace quorate::etcd
