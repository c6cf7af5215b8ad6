#include "adapters/host/members.hpp"

#include "core/base/check.hpp"

namespace quorate::host {

std::shared_ptr<etcd::Client> Members::client(Ordinal ordinal) {
    const std::lock_guard guard(mutex_);
    Ways& ways = ways_[ordinal.value];
    if (!ways.client) {
        const ReplicaAddress& address = addresses_.at(ordinal.value);
        const bool own = ordinal == self_;
        auto made = etcd::Client::create(
            own ? own_
                : etcd::Endpoint{address.client_url, address.peer_url,
                                 ways.by_address ? ways.address : std::string()},
            tls_);
        // URLs are our own and certificates were checked at the start of the agent.
        QUORATE_REQUIRE(made.has_value());
        ways.client = std::move(*made);
    }
    return ways.client;
}

void Members::came_from(Ordinal ordinal, const std::string& address) {
    const std::lock_guard guard(mutex_);
    Ways& ways = ways_[ordinal.value];
    if (address.empty() || !tls_ || ordinal == self_ || ways.address == address) return;
    ways.address = address;
    if (ways.by_address) ways.client.reset();
}

bool Members::turn(Ordinal ordinal) {
    const std::lock_guard guard(mutex_);
    Ways& ways = ways_[ordinal.value];
    if (ways.address.empty()) return false;
    ways.by_address = !ways.by_address;
    ways.client.reset();
    return true;
}

}  // namespace quorate::host
