// kubectl quorate status: a line a replica, and how the cluster is.
#include <ctime>
#include <iostream>

#include "tools/quorate/kubectl/picture.hpp"
#include "tools/quorate/kubectl/verbs.hpp"

namespace quorate::cli::kubectl {
namespace {

// A cluster that is scaled to nought has nobody to answer.
bool anybody(const std::vector<Heard>& heard) {
    for (const Heard& one : heard)
        if (one.said) return true;
    return heard.empty();
}

Exit status(const Asked& asked) {
    const auto cluster = Cluster::find(asked);
    if (!cluster) return cluster.error();
    const auto heard = cluster->exec_everywhere({"quorate", "status", "--own"});
    const Json picture = picture_of(cluster->statefulset(), heard, cluster->spoken());
    if (!printed(asked, picture)) {
        const Width width = asked.output == "wide" ? Width::wide : Width::normal;
        std::cout << render_replicas(picture, width, std::time(nullptr))
                  << render_verdict(picture, cluster->spoken()) << std::flush;
    }
    return anybody(heard) ? Exit::ok : Exit::unreachable;
}

}  // namespace

void add_status(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("status", "replicas, roles, readiness, and the verdict");
    add_target(*verb, *asked);
    add_formats(*verb, *asked, Formats::machine_and_wide);
    verb->callback([asked, &exit] { exit = status(*asked); });
}

}  // namespace quorate::cli::kubectl
