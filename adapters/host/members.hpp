// etcd's members as this agent reaches them: one client a replica, made when first needed. A name
// may lead to where a pod was before; then the number that its agent last spoke from leads to it.
// Who is found there must prove to be who the name says.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "adapters/etcd/client.hpp"
#include "core/model/policy.hpp"

namespace quorate::host {

class Members {
  public:
    // `own`: how this agent reaches its own etcd; the others as they are advertised.
    Members(const Settings& settings, etcd::Endpoint own, std::optional<etcd::Tls> tls)
        : addresses_(settings.addresses),
          self_(settings.self),
          own_(std::move(own)),
          tls_(std::move(tls)) {}

    // Never null for an ordinal of the settings; safe from any thread.
    std::shared_ptr<etcd::Client> client(Ordinal ordinal);

    // Its agent proved to be that replica's, and spoke from this number. From any thread.
    void came_from(Ordinal ordinal, const std::string& address);

    // The client of now reached nobody: from here on it is the one by name instead of that by
    // number, or the other way round. False: there is one way only.
    bool turn(Ordinal ordinal);

  private:
    struct Ways {
        std::string address;  // empty: none is known
        bool by_address = false;
        std::shared_ptr<etcd::Client> client;  // null: not made yet
    };

    std::vector<ReplicaAddress> addresses_;
    Ordinal self_;
    etcd::Endpoint own_;
    std::optional<etcd::Tls> tls_;
    std::mutex mutex_;
    std::map<std::uint32_t, Ways> ways_;
};

}  // namespace quorate::host
