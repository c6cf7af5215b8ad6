#include "adapters/host/places.hpp"

#include "core/base/limits.hpp"

namespace quorate::host {
namespace {

// vcluster facts 1.8: clients, peers and metrics where users look for etcd's.
constexpr local::Ports in_pod{2379, 2380, 2381, 2382};

std::string url(const std::string& scheme, const std::string& host, std::uint16_t port) {
    return scheme + host + ":" + std::to_string(port);
}

}  // namespace

Places places_on_one_machine(const local::Layout& layout, Ordinal self) {
    Places places;
    places.volume = layout.replica(self);
    places.journal = layout.journal(self);
    places.agent_log = layout.agent_log(self);
    places.etcd_log = layout.etcd_log(self);
    places.rebuild_log = layout.log(self) / "rebuild.log";
    places.pki = layout.pki();
    places.lock = layout.agent_lock(self);
    places.etcd_pid = layout.etcd_pid(self);
    places.socket = layout.socket(self);
    return places;
}

Places places_in_pod(const std::filesystem::path& data, const local::Layout& run, Ordinal self) {
    Places places;
    places.volume = data;
    places.journal = data / "journal";
    places.etcd_log = data / "log" / "etcd.log";
    places.rebuild_log = data / "log" / "rebuild.log";
    places.pki = data / "pki" / "etcd";
    // The agent is all that runs here: it holds what `up` holds on one machine.
    places.lock = run.up_lock();
    places.etcd_pid = run.etcd_pid(self);
    places.socket = run.socket(self);
    return places;
}

Network network_on_one_machine(std::uint16_t port_base, bool tls, Ordinal self,
                               std::vector<peer::Address> agents) {
    const std::string scheme = tls ? "https://" : "http://";
    Network network;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        const local::Ports ports = local::ports_of(port_base, Ordinal{i});
        network.members.push_back({"quorate-" + std::to_string(i),
                                   url(scheme, "127.0.0.1", ports.peer),
                                   url(scheme, "127.0.0.1", ports.client)});
    }
    const ReplicaAddress& own = network.members.at(self.value);
    network.own_client_url = network.listen_client_url = own.client_url;
    network.own_peer_url = network.listen_peer_url = own.peer_url;
    network.pages = "127.0.0.1:" + std::to_string(local::ports_of(port_base, self).metrics);
    network.agent = agents.at(self.value);
    network.agents = std::move(agents);
    return network;
}

std::string host_of(const PodNames& names, Ordinal ordinal) {
    return names.statefulset + "-" + std::to_string(ordinal.value) + "." + names.service + "." +
           names.space;
}

Network network_in_pod(const PodNames& names) {
    Network network;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        const std::string host = host_of(names, Ordinal{i});
        network.members.push_back({names.statefulset + "-" + std::to_string(i),
                                   url("https://", host, in_pod.peer),
                                   url("https://", host, in_pod.client)});
        network.agents.push_back(peer::TcpPort{host, in_pod.agent});
    }
    network.own_client_url = url("https://", "127.0.0.1", in_pod.client);
    network.own_peer_url = url("https://", "127.0.0.1", in_pod.peer);
    network.listen_client_url = url("https://", "0.0.0.0", in_pod.client);
    network.listen_peer_url = url("https://", "0.0.0.0", in_pod.peer);
    network.pages = "0.0.0.0:" + std::to_string(in_pod.metrics);
    network.by_name = true;
    network.agent = peer::TcpPort{"0.0.0.0", in_pod.agent};
    return network;
}

}  // namespace quorate::host
