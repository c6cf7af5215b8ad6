#include "tools/quorate/pod.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "adapters/host/agent.hpp"
#include "adapters/kube/access.hpp"
#include "adapters/kube/pki.hpp"
#include "adapters/kube/store.hpp"
#include "adapters/kube/watch.hpp"
#include "adapters/local/files.hpp"
#include "adapters/local/pki.hpp"
#include "adapters/peer/letter.hpp"
#include "adapters/vcluster/config.hpp"
#include "core/base/limits.hpp"
#include "tools/quorate/etcd_binary.hpp"
#include "tools/quorate/home.hpp"

namespace quorate::cli {
namespace {

// requirements A4.
constexpr const char* data_dir = "/data";

constexpr std::chrono::seconds ask_again{2};

struct Pod {
    kube::Names names;
    std::string service;  // headless
    Ordinal self;
};

Result<std::string> variable(const char* name, const char* how) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return refused(std::string("is not set; ") + how, name);
    return std::string(value);
}

// A pod of a StatefulSet is called NAME-ORDINAL.
Result<Pod> this_pod() {
    auto name = variable("POD_NAME", "set it from metadata.name, as the chart does");
    if (!name) return tl::unexpected(name.error());
    auto space = variable("POD_NAMESPACE", "set it from metadata.namespace, as the chart does");
    if (!space) return tl::unexpected(space.error());
    auto service =
        variable("QUORATE_SERVICE", "set it to the StatefulSet's serviceName, as the chart does");
    if (!service) return tl::unexpected(service.error());
    const std::size_t dash = name->rfind('-');
    std::uint32_t ordinal = 0;
    const char* end = name->data() + name->size();
    if (dash == std::string::npos || dash == 0 || dash + 1 == name->size() ||
        std::from_chars(name->data() + dash + 1, end, ordinal).ptr != end)
        return refused(*name + " is no pod of a StatefulSet; run it in one", "POD_NAME");
    if (ordinal >= limits::replicas_max)
        return refused(*name + ": replica " + std::to_string(ordinal) + "; there are at most " +
                           std::to_string(limits::replicas_max) + ": scale the StatefulSet down",
                       "POD_NAME");
    return Pod{{name->substr(0, dash), *space}, *service, Ordinal{ordinal}};
}

// Every form of the own name that somebody may call it by (vcluster facts 1.9), and the service's,
// through which clients come.
std::vector<std::string> certificate_names(const Pod& pod) {
    std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
    const std::string own =
        pod.names.statefulset + "-" + std::to_string(pod.self.value) + "." + pod.service;
    for (const std::string& host : {own, pod.names.statefulset, pod.service})
        for (const std::string& suffix :
             {std::string(), "." + pod.names.space, "." + pod.names.space + ".svc",
              "." + pod.names.space + ".svc.cluster.local"})
            names.push_back(host + suffix);
    return names;
}

Result<void> certificates(const kube::Client& client, const Pod& pod,
                          const std::filesystem::path& dir) {
    std::string told;
    for (;;) {
        auto authority = kube::ensure_authority(client, pod.names, dir);
        if (authority) break;
        if (authority.error().kind == FailureKind::refused) return authority;
        // Without an authority there is nothing to start, and nothing to lose by waiting.
        const std::string line = authority.error().where + ": " + authority.error().what;
        if (line != told) std::fprintf(stderr, "quorate: %s; asking again\n", line.c_str());
        told = line;
        std::this_thread::sleep_for(ask_again);  // the API has no event for being back
    }
    if (auto made = local::ensure_etcd_certificates(dir, certificate_names(pod)); !made)
        return made;
    return local::ensure_certificate(dir, "agent-" + std::to_string(pod.self.value),
                                     peer::agent_name(pod.self));
}

}  // namespace

Exit run_in_pod(const std::filesystem::path& config_file) {
    const auto told = vcluster::read_config(config_file);
    if (!told) return fail(Exit::usage, told.error());
    if (told->store != vcluster::Store::embedded_etcd)
        return fail(Exit::usage, "controlPlane.backingStore." +
                                     std::string(vcluster::name_of(told->store)) +
                                     " is on: nothing runs in this pod that Quorate looks after; "
                                     "turn controlPlane.backingStore.etcd.embedded on instead");
    if (!told->control_plane.empty())
        return fail(Exit::usage,
                    config_file.string() +
                        ": quorate.controlPlane.command: this release runs etcd alone; "
                        "leave it out and run the control plane beside it");
    for (const std::string& warning : told->warnings)
        warn(warning);
    const auto pod = this_pod();
    if (!pod) return fail(Exit::usage, pod.error());
    const auto etcd = find_etcd(told->etcd);
    if (!etcd) return fail(Exit::usage, etcd.error());
    auto access = kube::in_cluster();
    if (!access) return fail(Exit::usage, access.error());
    auto made = kube::Client::create(std::move(*access));
    if (!made) return fail(Exit::usage, made.error());
    const std::shared_ptr<const kube::Client> client = std::move(*made);

    const local::Layout run(pod_run_dir);
    std::error_code error;
    std::filesystem::create_directories(run.cluster(), error);
    const std::string name = pod->names.statefulset + "-" + std::to_string(pod->self.value);
    if (auto noted = local::replace_file(run.pod(), name + "\n"); !noted)
        return fail(Exit::failed, noted.error());

    host::AgentConfig config;
    config.self = pod->self;
    config.places = host::places_in_pod(data_dir, run, config.self);
    config.network = host::network_in_pod({pod->names.statefulset, pod->service, pod->names.space});
    config.etcd = etcd->path;
    config.etcd_version = etcd->version;
    config.policy = told->choices.policy;
    config.snapshot_count = told->choices.snapshot_count;
    config.extra_arguments = told->choices.etcd_arguments;
    config.journal_bytes_max = told->choices.journal_bytes_max.value;
    config.desired_wait = told->choices.desired_wait;
    if (auto ready = certificates(*client, *pod, config.places.pki); !ready)
        return fail(Exit::failed, ready.error());

    auto store = std::make_shared<kube::ObjectStore>(client, pod->names, pod->self);
    const auto watch = [client, names = pod->names](boost::asio::io_context& loop) {
        return std::make_unique<kube::ObjectWatch>(loop, client, names);
    };
    return static_cast<Exit>(host::run_agent(config, {store, watch}));
}

}  // namespace quorate::cli
