#include "adapters/host/members.hpp"

#include "core/base/check.hpp"

namespace quorate::host {

std::shared_ptr<etcd::Client> Members::client(Ordinal ordinal) {
    const std::lock_guard guard(mutex_);
    auto& slot = clients_[ordinal.value];
    if (!slot) {
        const ReplicaAddress& address = addresses_.at(ordinal.value);
        const bool own = ordinal == self_;
        auto made = etcd::Client::create(
            own ? own_ : etcd::Endpoint{address.client_url, address.peer_url}, tls_);
        // URLs are our own and certificates were checked at the start of the agent.
        QUORATE_REQUIRE(made.has_value());
        slot = std::move(*made);
    }
    return slot;
}

}  // namespace quorate::host
