// Where one agent keeps what, and by which addresses it and its etcd are reached: under a directory
// of `quorate up`, or in a pod (places_in_pod, network_in_pod).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/local/layout.hpp"
#include "adapters/peer/address.hpp"
#include "core/model/policy.hpp"

namespace quorate::host {

// What the certificates of a cluster on one machine are for.
inline const std::vector<std::string> names_on_one_machine{"localhost", "127.0.0.1"};

struct Places {
    std::filesystem::path volume;  // etcd's data, its identity, what was set aside
    std::filesystem::path journal;
    std::filesystem::path agent_log;  // empty: stderr, which the container runtime keeps
    std::filesystem::path etcd_log;
    std::filesystem::path rebuild_log;
    std::filesystem::path pki;
    // Of the agent that runs now; gone with the machine or the pod.
    std::filesystem::path lock;
    std::filesystem::path etcd_pid;
    std::filesystem::path socket;
};
Places places_on_one_machine(const local::Layout& layout, Ordinal self);
// requirements A4: /data/etcd and /data/pki/etcd on the claim; `run` ends with the container.
Places places_in_pod(const std::filesystem::path& data, const local::Layout& run, Ordinal self);

struct Network {
    std::vector<ReplicaAddress> members;  // by ordinal, as they are advertised
    // How an agent reaches its own etcd, whatever DNS says of it.
    std::string own_client_url;
    std::string own_peer_url;
    // What etcd listens at.
    std::string listen_client_url;
    std::string listen_peer_url;
    std::string pages;  // HOST:PORT of probes and metrics
    // Members are known by name: a connection whose name resolves late, or still to an old address,
    // is believed by its certificate alone.
    bool by_name = false;
    peer::Address agent;                // what this agent hears the others at
    std::vector<peer::Address> agents;  // by ordinal, of every replica there may be
};
Network network_on_one_machine(std::uint16_t port_base, bool tls, Ordinal self,
                               std::vector<peer::Address> agents);

// Pods of a StatefulSet as its headless service names them.
struct PodNames {
    std::string statefulset;
    std::string service;  // headless
    std::string space;    // the namespace
};
// POD.SERVICE.NAMESPACE, which the resolver of a pod completes: never an address, as a pod may come
// back with another one.
std::string host_of(const PodNames& names, Ordinal ordinal);
Network network_in_pod(const PodNames& names);

}  // namespace quorate::host
