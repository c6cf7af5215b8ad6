// quorate run: one agent, as `quorate up` starts it, or in a pod. What it needs was settled by
// `up`.
#include <sys/prctl.h>

#include "adapters/host/agent.hpp"
#include "adapters/host/file_watch.hpp"
#include "adapters/local/store.hpp"
#include "core/base/limits.hpp"
#include "tools/quorate/etcd_binary.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/pod.hpp"
#include "tools/quorate/setup.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

std::vector<peer::Address> agents_of(const local::Layout& layout, const Setup& setup) {
    std::vector<peer::Address> addresses;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        const Ordinal ordinal{i};
        if (setup.choices.peers_over == host::PeersOver::tcp)
            addresses.push_back(
                peer::TcpPort{"127.0.0.1", local::ports_of(setup.port_base, ordinal).agent});
        else
            addresses.push_back(peer::UnixSocket{layout.peer_socket(ordinal)});
    }
    return addresses;
}

Result<host::AgentConfig> config_of(const local::Layout& layout, std::uint32_t ordinal) {
    auto setup = read_setup(layout.setup());
    if (!setup) return tl::unexpected(setup.error());
    if (!*setup)
        return refused("there is no cluster; quorate up makes one and starts its agents",
                       layout.root());
    // Asked again at every start: the package may have been upgraded meanwhile.
    auto etcd = find_etcd(etcd_of(**setup, Ordinal{ordinal}).string());
    if (!etcd) return tl::unexpected(etcd.error());
    const host::Choices& choices = (*setup)->choices;
    host::AgentConfig config;
    config.self = Ordinal{ordinal};
    config.places = host::places_on_one_machine(layout, config.self);
    config.network = host::network_on_one_machine((*setup)->port_base, (*setup)->tls, config.self,
                                                  agents_of(layout, **setup));
    config.etcd = etcd->path;
    config.etcd_version = etcd->version;
    config.tls = (*setup)->tls;
    config.snapshot_count = choices.snapshot_count;
    config.extra_arguments = choices.etcd_arguments;
    config.policy = choices.policy;
    config.journal_bytes_max = choices.journal_bytes_max.value;
    config.desired_wait = choices.desired_wait;
    config.certificates =
        host::certificates_of(config.places.pki, host::names_on_one_machine, config.self);
    return config;
}

Exit run(const std::string& dir, std::int64_t ordinal) {
    if (ordinal < 0 || ordinal >= limits::replicas_max)
        return fail(Exit::usage, "--ordinal: " + std::to_string(ordinal) +
                                     " is no replica; there are 0 to " +
                                     std::to_string(limits::replicas_max - 1));
    ::prctl(PR_SET_NAME, "quorate");  // it was started as /proc/self/exe
    const auto config = config_of(home_at(dir), static_cast<std::uint32_t>(ordinal));
    if (!config) return fail(Exit::usage, config.error());
    auto store = std::make_shared<local::FileStore>(home_at(dir), config->self);
    const auto watch = [&store, shared = home_at(dir).cluster()](boost::asio::io_context& loop) {
        return std::make_unique<host::FileWatch>(loop, store, shared);
    };
    return static_cast<Exit>(host::run_agent(*config, {store, watch}));
}

}  // namespace

void add_run(CLI::App& app, Exit& exit) {
    auto dir = std::make_shared<std::string>(default_dir());
    auto ordinal = std::make_shared<std::int64_t>(0);
    auto config = std::make_shared<std::string>();
    auto command = std::make_shared<std::vector<std::string>>();
    CLI::App* verb = app.add_subcommand("run", "runs one agent; quorate up and the chart do this");
    verb->add_option("--dir", *dir, "of the cluster, on one machine")->capture_default_str();
    CLI::Option* which = verb->add_option("--ordinal", *ordinal, "which replica, on one machine");
    CLI::Option* in_pod =
        verb->add_option("--config", *config, "vcluster.yaml; in a pod of a StatefulSet");
    in_pod->excludes(which);
    verb->add_option("command", *command,
                     "in a pod: a control plane, started when etcd is usable; after --")
        ->excludes(which);
    verb->callback([dir, ordinal, config, command, which, in_pod, &exit] {
        if (in_pod->count() > 0)
            exit = run_in_pod(*config, *command);
        else if (which->count() > 0)
            exit = run(*dir, *ordinal);
        else
            exit = fail(Exit::usage, "run: wants --config FILE in a pod, or --ordinal K");
    });
}

}  // namespace quorate::cli
