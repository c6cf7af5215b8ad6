// One agent, put together from its adapters: the engine with its journal, the prober, etcd as a
// child, the store that all agents share, the API socket and the metrics port.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/base/conditions.hpp"
#include "adapters/base/notices.hpp"
#include "adapters/base/store.hpp"
#include "adapters/host/certificates.hpp"
#include "adapters/host/control_plane.hpp"
#include "adapters/host/places.hpp"
#include "core/model/policy.hpp"

namespace quorate::host {

struct AgentConfig {
    Ordinal self;
    Places places;
    Network network;
    std::filesystem::path etcd;  // the binary, absolute; its version is in settings
    Version etcd_version;
    bool tls = true;
    std::uint32_t snapshot_count = 10'000;     // requirements A3: 10000 when below 1
    std::vector<std::string> extra_arguments;  // of etcd, checked before
    Policy policy = default_policy();
    std::uint64_t journal_bytes_max = 64ULL << 20;
    Span desired_wait = seconds(20);  // Choices::desired_wait
    std::optional<ControlPlaneSpec> control_plane;
    std::optional<CertificatesSpec> certificates;  // none: somebody else looks after them
};

// What differs between the forms of the product: the store, and what tells of its changes on the
// loop that the agent runs.
struct SharedStore {
    std::shared_ptr<Store> store;
    std::function<std::unique_ptr<StoreWatch>(boost::asio::io_context&)> watch;
    // null: nobody looks but into the log
    std::shared_ptr<Notices> notices = {};
    std::shared_ptr<Conditions> conditions = {};
};

// Runs until the core says ExitAgent or a signal it may not survive. Returns the exit code of the
// process: 0 left as decided, else as documented in docs/operations.md.
int run_agent(const AgentConfig& config, SharedStore shared);

}  // namespace quorate::host
