// etcd's members as this agent reaches them: one client a replica, made when first needed.
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

  private:
    std::vector<ReplicaAddress> addresses_;
    Ordinal self_;
    etcd::Endpoint own_;
    std::optional<etcd::Tls> tls_;
    std::mutex mutex_;
    std::map<std::uint32_t, std::shared_ptr<etcd::Client>> clients_;
};

}  // namespace quorate::host
