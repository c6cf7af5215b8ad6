// One agent, put together from its adapters: the engine with its journal, the prober, etcd as a
// child, the files of the local cluster, the API socket and the metrics port.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/peer/address.hpp"
#include "core/model/policy.hpp"

namespace quorate::host {

// Where agents tell each other what they know. What one listens at need not be what it is reached
// at.
struct PeerAddresses {
    peer::Address listen;
    std::vector<peer::Address> of;  // by ordinal, of every replica there may be
};

struct AgentConfig {
    Ordinal self;
    std::filesystem::path dir;   // D, absolute
    std::filesystem::path etcd;  // the binary, absolute; its version is in settings
    Version etcd_version;
    bool tls = true;
    std::uint16_t port_base = 2379;
    PeerAddresses peers;
    std::uint32_t snapshot_count = 10'000;     // requirements A3: 10000 when below 1
    std::vector<std::string> extra_arguments;  // of etcd, checked before
    Policy policy = default_policy();
    std::uint64_t journal_bytes_max = 64ULL << 20;
};

// Runs until the core says ExitAgent or a signal it may not survive. Returns the exit code of the
// process: 0 left as decided, else as documented in docs/operations.md.
int run_agent(const AgentConfig& config);

}  // namespace quorate::host
