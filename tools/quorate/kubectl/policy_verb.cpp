// kubectl quorate policy: OrderedReady to Parallel or back, with every pod running on. The plan is
// shown first; it is carried out with the token of exactly that plan. Between delete and create
// there is no StatefulSet, and agents take that for nothing: their number stays what it was
// (adapters/kube/watch.cpp). Should the second step fail, the object lies in a local file, and the
// line that puts it back is printed.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <thread>

#include "adapters/host/settings.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/kubectl/cluster.hpp"
#include "tools/quorate/kubectl/policy.hpp"
#include "tools/quorate/kubectl/verbs.hpp"

namespace quorate::cli::kubectl {
namespace {

constexpr auto look_period = std::chrono::milliseconds(250);

struct Wanted {
    Asked asked;
    std::string policy;  // "parallel" or "ordered"
    std::string token;   // empty: only the plan
    std::string save = ".";
    std::string wait = "2m";
};

std::string in_kubernetes(const std::string& policy) {
    return policy == "parallel" ? "Parallel" : "OrderedReady";
}

std::vector<Json> objects_of(const std::vector<Pod>& pods) {
    std::vector<Json> objects;
    for (const Pod& pod : pods)
        objects.push_back(pod.object);
    return objects;
}

Json delete_options(const Json& statefulset) {
    return {{"apiVersion", "v1"},
            {"kind", "DeleteOptions"},
            {"propagationPolicy", "Orphan"},
            {"preconditions",
             {{"uid", statefulset["metadata"]["uid"]},
              {"resourceVersion", statefulset["metadata"]["resourceVersion"]}}}};
}

std::string delete_path(const Cluster& cluster) {
    return "/apis/apps/v1/namespaces/" + cluster.space() + "/statefulsets/" + cluster.name();
}

// Whole and on disk before anything is deleted.
Result<void> write_down(const std::filesystem::path& file, const std::string& text) {
    const auto cannot = [&file](const char* what) {
        return refused(std::string("cannot ") + what + ": " +
                           std::generic_category().message(errno) +
                           "; nothing was changed; name another directory with --save",
                       file);
    };
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return cannot("create");
    std::string_view rest = text;
    while (!rest.empty()) {
        const ssize_t written = ::write(fd, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) break;
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    const bool good = rest.empty() && ::fsync(fd) == 0;
    Result<void> result;
    if (!good) result = cannot("write");
    ::close(fd);
    return result;
}

// The API takes the object and this user may create it: asked under a name that is free, as the
// first step cannot be undone without the second.
Result<void> can_be_created(const Cluster& cluster, Json object) {
    object["metadata"]["name"] = cluster.name() + "-quorate-policy";
    auto tried = cluster.kubectl({"create", "--dry-run=server", "--filename", "-"}, object.dump());
    if (!tried) return tl::unexpected(tried.error());
    return {};
}

void print_plan(const Cluster& cluster, const Wanted& wanted, const std::vector<Kept>& kept) {
    const std::string policy = in_kubernetes(wanted.policy);
    std::cout << cluster.name() << " goes from "
              << cluster.statefulset().value("/spec/podManagementPolicy"_json_pointer, "") << " to "
              << policy << ":\n"
              << "  1. it is written to a file in " << wanted.save << "\n"
              << "  2. it is deleted without its pods\n"
              << "  3. it is created again with " << policy << ", and takes the pods over\n"
              << "  4. each of these is looked at, whether it is the same and ran on:";
    for (const Kept& one : kept)
        std::cout << " " << one.name;
    std::cout << "\nThen set controlPlane.statefulSet.scheduling.podManagementPolicy: " << policy
              << " in the release's values:\nwith the old one the next helm upgrade is refused.\n"
              << "To do it:\n  " << cluster.command("policy " + wanted.policy) << " --apply "
              << policy_token(cluster.statefulset(), policy) << std::endl;
}

// Looks until `done`, as what the controllers do comes with no event to a program that asks by
// kubectl.
template <class Done>
bool eventually(std::chrono::steady_clock::time_point until, const Done& done) {
    while (!done()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(look_period);  // kubectl brings no event of it
    }
    return true;
}

Exit verify(const Cluster& cluster, const std::vector<Kept>& kept,
            std::chrono::steady_clock::time_point until) {
    std::string lost;
    const bool owned = eventually(until, [&] {
        const auto statefulset = cluster.statefulset_now();
        const auto pods = cluster.pods_now();
        if (!statefulset || !pods || statefulset->is_null()) return false;
        const std::vector<Json> now = objects_of(*pods);
        lost = lost_of(kept, now);
        return !lost.empty() || all_owned(kept, now, (*statefulset)["metadata"]["uid"]);
    });
    if (!lost.empty())
        return fail(Exit::failed,
                    lost + ": something restarted it meanwhile; see " + cluster.command("status"));
    if (!owned)
        return fail(Exit::timed_out, cluster.name() +
                                         " has not taken all pods over yet; see kubectl describe "
                                         "statefulset " +
                                         cluster.name() + cluster.spoken().flags);
    std::cout << "all " << kept.size() << " pods are the same and ran on" << std::endl;
    return Exit::ok;
}

Exit apply(const Cluster& cluster, const Wanted& wanted, const std::vector<Kept>& kept) {
    const auto wait = duration_of("--wait", wanted.wait);
    if (!wait) return Exit::usage;
    const std::string policy = in_kubernetes(wanted.policy);
    if (wanted.token != policy_token(cluster.statefulset(), policy))
        return fail(Exit::refused, "the token is not of the present plan; run " +
                                       cluster.command("policy " + wanted.policy) + " again");
    const Json object = made_again(cluster.statefulset(), policy);
    if (auto can = can_be_created(cluster, object); !can)
        return fail(Exit::refused,
                    "nothing was changed: it could not be created again: " + text_of(can.error()));
    const std::string uid = cluster.statefulset()["metadata"]["uid"];
    const std::filesystem::path file =
        std::filesystem::path(wanted.save) / (cluster.name() + "-statefulset-" + uid + ".json");
    if (auto saved = write_down(file, object.dump(2) + "\n"); !saved)
        return fail(Exit::usage, saved.error());
    const std::string put_back =
        "kubectl create --filename " + file.string() + cluster.spoken().flags;
    std::cout << "saved; should this end before it is done: " << put_back << std::endl;

    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(wait->us);
    auto deleted = cluster.kubectl({"delete", "--raw", delete_path(cluster), "--filename", "-"},
                                   delete_options(cluster.statefulset()).dump());
    if (!deleted && deleted.error().kind == FailureKind::refused)
        return fail(Exit::refused, "nothing was changed: " + text_of(deleted.error()));
    // Also after a deletion that nobody answered: gone is gone, and what stays is looked at.
    const bool gone = eventually(until, [&] {
        const auto now = cluster.statefulset_now();
        return now && (now->is_null() || (*now)["metadata"]["uid"] != uid);
    });
    if (!gone)
        return fail(Exit::timed_out, "the deletion did not come to its end in " +
                                         host::to_text(*wait) + "; once it has: " + put_back);
    std::cout << "deleted without its pods" << std::endl;
    std::string refusal;
    const bool created = eventually(until, [&] {
        auto made = cluster.kubectl({"create", "--filename", "-"}, object.dump());
        if (made) return true;
        refusal = made.error().what;
        const auto now = cluster.statefulset_now();
        return now && now->is_object();
    });
    if (!created)
        return fail(Exit::failed, cluster.name() + " is deleted and was not created again: " +
                                      refusal + "; its pods run on; put it back: " + put_back);
    std::cout << "created again with " << policy << std::endl;
    return verify(cluster, kept, until);
}

Exit policy(const Wanted& wanted) {
    const auto cluster = Cluster::find(wanted.asked);
    if (!cluster) return cluster.error();
    const std::string policy = in_kubernetes(wanted.policy);
    if (cluster->statefulset().value("/spec/podManagementPolicy"_json_pointer, "") == policy) {
        std::cout << cluster->name() << " has " << policy << " already" << std::endl;
        return Exit::ok;
    }
    if (const std::string refusal = policy_refusal(cluster->statefulset()); !refusal.empty())
        return fail(Exit::refused, cluster->name() + ": " + refusal);
    const std::vector<Kept> kept = kept_in(objects_of(cluster->pods()));
    if (!wanted.token.empty()) return apply(*cluster, wanted, kept);
    print_plan(*cluster, wanted, kept);
    return Exit::ok;
}

}  // namespace

void add_policy(CLI::App& app, Exit& exit) {
    auto wanted = std::make_shared<Wanted>();
    CLI::App* verb = app.add_subcommand(
        "policy", "moves the StatefulSet to another podManagementPolicy; pods run on");
    verb->require_subcommand(1);
    for (const char* name : {"parallel", "ordered"}) {
        CLI::App* to = verb->add_subcommand(name, "shows the plan, or carries it out");
        add_target(*to, wanted->asked);
        to->add_option("--apply", wanted->token, "the token of the plan: carries it out");
        to->add_option("--save", wanted->save, "directory for a copy of the StatefulSet")
            ->capture_default_str();
        to->add_option("--wait", wanted->wait, "for the controllers to do their part")
            ->capture_default_str();
        to->callback([wanted, name, &exit] {
            wanted->policy = name;
            exit = policy(*wanted);
        });
    }
}

}  // namespace quorate::cli::kubectl
