// kubectl quorate pause and resume. Zero desired replicas is what the agents take for a pause:
// nobody is removed, and data stays (requirements B5). The number to come back to is kept in an
// annotation of the StatefulSet, written in the same call.
#include <iostream>

#include "core/base/limits.hpp"
#include "tools/quorate/kubectl/cluster.hpp"
#include "tools/quorate/kubectl/verbs.hpp"

namespace quorate::cli::kubectl {
namespace {

constexpr const char* annotation = "quorate/replicas-before-pause";

struct Wanted {
    Asked asked;
    std::optional<std::uint32_t> replicas;
};

// By the version that was read: who scaled meanwhile wins, and this says so.
Result<std::string> scale(const Cluster& cluster, std::uint32_t replicas, const Json& remembered) {
    const Json patch = {{"metadata",
                         {{"resourceVersion", cluster.statefulset()["metadata"]["resourceVersion"]},
                          {"annotations", {{annotation, remembered}}}}},
                        {"spec", {{"replicas", replicas}}}};
    return cluster.kubectl(
        {"patch", "statefulset", cluster.name(), "--type", "merge", "--patch", patch.dump()});
}

Exit pause(const Wanted& wanted) {
    const auto cluster = Cluster::find(wanted.asked);
    if (!cluster) return cluster.error();
    if (cluster->replicas() == 0) {
        std::cout << cluster->name() << " is paused already" << std::endl;
        return Exit::ok;
    }
    const auto scaled = scale(*cluster, 0, std::to_string(cluster->replicas()));
    if (!scaled) return told(scaled.error(), cluster->spoken());
    std::cout << cluster->name() << " pauses: its " << cluster->replicas()
              << " replicas stop, members and data stay; go on with " << cluster->command("resume")
              << std::endl;
    return Exit::ok;
}

std::optional<std::uint32_t> remembered_in(const Json& statefulset) {
    const std::string text = statefulset.value("/metadata/annotations"_json_pointer, Json::object())
                                 .value(annotation, "");
    static_assert(limits::replicas_max < 10, "one digit");
    if (text.size() != 1 || text[0] < '1' || text[0] > '9') return std::nullopt;
    return static_cast<std::uint32_t>(text[0] - '0');
}

Exit resume(const Wanted& wanted) {
    const auto cluster = Cluster::find(wanted.asked);
    if (!cluster) return cluster.error();
    if (cluster->replicas() > 0) {
        std::cout << cluster->name() << " is not paused: " << cluster->replicas()
                  << " replicas are desired" << std::endl;
        return Exit::ok;
    }
    const auto replicas = wanted.replicas ? wanted.replicas : remembered_in(cluster->statefulset());
    if (!replicas)
        return fail(Exit::usage, cluster->name() +
                                     " was not paused by this command; say how many there were "
                                     "with --replicas, as kubectl quorate members tells: fewer "
                                     "would remove members");
    const auto scaled = scale(*cluster, *replicas, nullptr);
    if (!scaled) return told(scaled.error(), cluster->spoken());
    std::cout << cluster->name() << " goes on with " << *replicas << " replicas" << std::endl;
    return Exit::ok;
}

}  // namespace

void add_pause(CLI::App& app, Exit& exit) {
    auto wanted = std::make_shared<Wanted>();
    CLI::App* pausing = app.add_subcommand("pause", "stops all replicas; members and data stay");
    add_target(*pausing, wanted->asked);
    pausing->callback([wanted, &exit] { exit = pause(*wanted); });
    CLI::App* resuming = app.add_subcommand("resume", "starts as many as there were");
    add_target(*resuming, wanted->asked);
    resuming->add_option("--replicas", wanted->replicas, "another number")
        ->check(CLI::Range(1U, limits::replicas_max));
    resuming->callback([wanted, &exit] { exit = resume(*wanted); });
}

}  // namespace quorate::cli::kubectl
