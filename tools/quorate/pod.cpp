#include "tools/quorate/pod.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include "adapters/base/replica_name.hpp"
#include "adapters/host/agent.hpp"
#include "adapters/host/quota.hpp"
#include "adapters/kube/access.hpp"
#include "adapters/kube/conditions.hpp"
#include "adapters/kube/events.hpp"
#include "adapters/kube/pki.hpp"
#include "adapters/kube/store.hpp"
#include "adapters/kube/watch.hpp"
#include "adapters/local/files.hpp"
#include "adapters/local/pki.hpp"
#include "adapters/peer/letter.hpp"
#include "adapters/process/init.hpp"
#include "adapters/vcluster/config.hpp"
#include "core/base/limits.hpp"
#include "tools/quorate/etcd_binary.hpp"
#include "tools/quorate/home.hpp"

namespace quorate::cli {
namespace {

// requirements A4.
constexpr const char* data_dir = "/data";

constexpr std::chrono::seconds ask_again{2};

// Until the agent runs there is nothing to stop and nothing to lose: files come into place whole.
// The first process of a container is not ended by a signal that it has no handler for.
void end_at_once(int) { ::_exit(static_cast<int>(Exit::ok)); }

void prepare_for_signals() {
    struct sigaction action {};
    action.sa_handler = end_at_once;
    for (const int number : {SIGTERM, SIGINT})
        ::sigaction(number, &action, nullptr);
    // They are for a control plane, where there is one.
    action.sa_handler = SIG_IGN;
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2})
        ::sigaction(number, &action, nullptr);
}

// Where the control plane looks for etcd, and what it may know of this pod. Everything else of the
// environment is Quorate's own.
std::vector<std::string> environment_of(const vcluster::Config& told,
                                        const host::AgentConfig& agent) {
    const std::filesystem::path& pki = agent.places.pki;
    std::vector<std::string> environment{"QUORATE_ETCD_ENDPOINT=" + agent.network.own_client_url,
                                         "QUORATE_ETCD_CA=" + (pki / "ca.crt").string(),
                                         "QUORATE_ETCD_CERT=" + (pki / "client.crt").string(),
                                         "QUORATE_ETCD_KEY=" + (pki / "client.key").string()};
    std::set<std::string> names{"PATH",
                                "HOME",
                                "TMPDIR",
                                "GOMAXPROCS",
                                "GODEBUG",
                                "POD_NAME",
                                "POD_NAMESPACE",
                                "POD_UID",
                                "POD_IP",
                                "KUBERNETES_SERVICE_HOST",
                                "KUBERNETES_SERVICE_PORT"};
    names.insert(told.control_plane_env.begin(), told.control_plane_env.end());
    for (const std::string& name : names)
        if (const char* value = std::getenv(name.c_str()))
            environment.push_back(name + "=" + value);
    return environment;
}

// nullopt: none is wanted. The environment is added later.
Result<std::optional<host::ControlPlaneSpec>> control_plane_of(
    const vcluster::Config& told, const std::filesystem::path& file,
    const std::vector<std::string>& given) {
    if (!given.empty() && !told.control_plane.empty())
        return refused(
            "quorate.controlPlane.command: another command stands behind --; leave out one", file);
    const std::vector<std::string>& command = given.empty() ? told.control_plane : given;
    if (command.empty()) return std::optional<host::ControlPlaneSpec>();
    std::filesystem::path program = command.front();
    if (!program.has_parent_path()) program = in_path(program).value_or("");
    std::error_code none;
    if (!std::filesystem::is_regular_file(program, none) || ::access(program.c_str(), X_OK) != 0)
        return refused(
            "the control plane is no program of this image; it must hold quorate and the "
            "control plane: tools/image --with FILE makes one",
            command.front());
    host::ControlPlaneSpec spec;
    spec.program = program;
    spec.arguments.assign(command.begin() + 1, command.end());
    spec.grace = told.choices.control_plane_grace;
    spec.backoff = {told.choices.policy.restart_backoff_min,
                    told.choices.policy.restart_backoff_max};
    return std::optional(spec);
}

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

Result<Pod> this_pod() {
    auto name = variable("POD_NAME", "set it from metadata.name, as the chart does");
    if (!name) return tl::unexpected(name.error());
    auto space = variable("POD_NAMESPACE", "set it from metadata.namespace, as the chart does");
    if (!space) return tl::unexpected(space.error());
    auto service =
        variable("QUORATE_SERVICE", "set it to the StatefulSet's serviceName, as the chart does");
    if (!service) return tl::unexpected(service.error());
    const auto replica = parse_replica_name(*name);
    if (!replica) return refused(*name + " is no pod of a StatefulSet; run it in one", "POD_NAME");
    if (replica->ordinal.value >= limits::replicas_max)
        return refused(*name + ": replica " + std::to_string(replica->ordinal.value) +
                           "; there are at most " + std::to_string(limits::replicas_max) +
                           ": scale the StatefulSet down",
                       "POD_NAME");
    return Pod{{replica->set, *space}, *service, replica->ordinal};
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
                          const host::CertificatesSpec& wanted) {
    std::string told;
    for (;;) {
        auto authority = kube::ensure_authority(client, pod.names, wanted.dir);
        if (authority) break;
        if (authority.error().kind == FailureKind::refused) return authority;
        // Without an authority there is nothing to start, and nothing to lose by waiting.
        const std::string line = authority.error().where + ": " + authority.error().what;
        if (line != told) std::fprintf(stderr, "quorate: %s; asking again\n", line.c_str());
        told = line;
        std::this_thread::sleep_for(ask_again);  // the API has no event for being back
    }
    return wanted.renew();
}

Exit run_agent_in_pod(const std::filesystem::path& config_file,
                      const std::vector<std::string>& command) {
    const auto told = vcluster::read_config(config_file);
    if (!told) return fail(Exit::usage, told.error());
    if (told->store != vcluster::Store::embedded_etcd)
        return fail(Exit::usage, "controlPlane.backingStore." +
                                     std::string(vcluster::name_of(told->store)) +
                                     " is on: nothing runs in this pod that Quorate looks after; "
                                     "turn controlPlane.backingStore.etcd.embedded on instead");
    const auto control_plane = control_plane_of(*told, config_file, command);
    if (!control_plane) return fail(Exit::usage, control_plane.error());
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
    if (const auto size = host::size_of_volume(data_dir)) {
        host::QuotaChoice quota = host::quota_for(*size, config.extra_arguments);
        if (!quota.told.empty()) warn(quota.told);
        config.extra_arguments.insert(config.extra_arguments.end(), quota.arguments.begin(),
                                      quota.arguments.end());
    }
    config.control_plane = *control_plane;
    if (config.control_plane) config.control_plane->environment = environment_of(*told, config);
    config.certificates =
        host::certificates_of(config.places.pki, certificate_names(*pod), config.self);
    if (auto ready = certificates(*client, *pod, *config.certificates); !ready)
        return fail(Exit::failed, ready.error());

    auto store = std::make_shared<kube::ObjectStore>(client, pod->names, pod->self);
    const auto watch = [client, names = pod->names](boost::asio::io_context& loop) {
        return std::make_unique<kube::ObjectWatch>(loop, client, names);
    };
    const char* told_uid = std::getenv("POD_UID");
    const std::string uid = told_uid == nullptr ? "" : told_uid;
    auto events = std::make_shared<kube::Events>(client, pod->names, name, uid);
    // A name alone may be another pod's by now.
    std::shared_ptr<kube::PodConditions> conditions;
    if (!uid.empty())
        conditions = std::make_shared<kube::PodConditions>(
            client, kube::PodConditions::Pod{pod->names.space, name, uid});
    return static_cast<Exit>(
        host::run_agent(config, {store, watch, std::move(events), std::move(conditions)}));
}

}  // namespace

Exit run_in_pod(const std::filesystem::path& config, const std::vector<std::string>& command) {
    prepare_for_signals();
    if (::getpid() != 1) return run_agent_in_pod(config, command);
    return static_cast<Exit>(
        process::as_init([&] { return static_cast<int>(run_agent_in_pod(config, command)); }));
}

}  // namespace quorate::cli
