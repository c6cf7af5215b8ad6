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
    Members(const Settings& settings, std::optional<etcd::Tls> tls)
        : addresses_(settings.addresses), tls_(std::move(tls)) {}

    // Never null for an ordinal of the settings; safe from any thread.
    std::shared_ptr<etcd::Client> client(Ordinal ordinal);

  private:
    std::vector<ReplicaAddress> addresses_;
    std::optional<etcd::Tls> tls_;
    std::mutex mutex_;
    std::map<std::uint32_t, std::shared_ptr<etcd::Client>> clients_;
};

}  // namespace quorate::host
