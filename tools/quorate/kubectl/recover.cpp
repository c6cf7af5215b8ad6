// kubectl quorate recover: the way out of a lost quorum, through whichever agent can tell the plan.
#include <iostream>

#include "tools/quorate/kubectl/cluster.hpp"
#include "tools/quorate/kubectl/verbs.hpp"
#include "tools/quorate/render.hpp"

namespace quorate::cli::kubectl {
namespace {

struct Wanted {
    Asked asked;
    std::string token;
};

// Why nobody did it: what an agent refused says more than that another is silent.
Failure why_nobody(const std::vector<Heard>& heard, const Cluster& cluster) {
    Failure last{FailureKind::unavailable, "no agent answers; see quorate status", cluster.name()};
    for (const Heard& one : heard) {
        if (one.said || !one.pod.object.is_object()) continue;
        if (one.said.error().kind == FailureKind::refused || last.kind != FailureKind::refused)
            last = one.said.error();
    }
    return last;
}

Exit plan(const Wanted& wanted) {
    const auto cluster = Cluster::find(wanted.asked);
    if (!cluster) return cluster.error();
    const auto heard = cluster->exec_everywhere({"quorate", "recover", "plan", "--output", "json"});
    for (const Heard& one : heard) {
        if (!one.said) continue;
        Json plan = Json::parse(*one.said, nullptr, false);
        if (!plan.is_object() || !plan.contains("survivors")) continue;
        if (!printed(wanted.asked, plan))
            std::cout << render_recovery(plan, cluster->command("recover apply")) << std::flush;
        return Exit::ok;
    }
    return told(why_nobody(heard, *cluster), cluster->spoken());
}

// All agents are told: any of them may be the one that carries it out, and it is done once.
Exit apply(const Wanted& wanted) {
    const auto cluster = Cluster::find(wanted.asked);
    if (!cluster) return cluster.error();
    const auto heard =
        cluster->exec_everywhere({"quorate", "recover", "apply", "--token", wanted.token});
    bool accepted = false;
    for (const Heard& one : heard)
        accepted = accepted || one.said.has_value();
    if (!accepted) return told(why_nobody(heard, *cluster), cluster->spoken());
    std::cout << "approved; " << cluster->command("status")
              << " says steady when the cluster is whole" << std::endl;
    return Exit::ok;
}

}  // namespace

void add_recover(CLI::App& app, Exit& exit) {
    auto wanted = std::make_shared<Wanted>();
    CLI::App* verb = app.add_subcommand("recover", "the way out of a lost quorum");
    verb->require_subcommand(1);
    CLI::App* planned = verb->add_subcommand("plan", "what would be done and may be lost");
    add_target(*planned, wanted->asked);
    add_formats(*planned, wanted->asked, Formats::machine);
    planned->callback([wanted, &exit] { exit = plan(*wanted); });
    CLI::App* applied = verb->add_subcommand("apply", "does it");
    add_target(*applied, wanted->asked);
    applied->add_option("--token", wanted->token, "printed by plan")->required();
    applied->callback([wanted, &exit] { exit = apply(*wanted); });
}

}  // namespace quorate::cli::kubectl
