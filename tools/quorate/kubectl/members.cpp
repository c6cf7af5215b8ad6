// kubectl quorate members: etcd's member list beside the cluster record, and where they differ.
#include <iostream>
#include <map>

#include "adapters/kube/store.hpp"
#include "core/model/record.hpp"
#include "tools/quorate/kubectl/cluster.hpp"
#include "tools/quorate/kubectl/roster.hpp"
#include "tools/quorate/kubectl/verbs.hpp"

namespace quorate::cli::kubectl {
namespace {

// The image has etcdctl, and the agent keeps a client's certificate beside its volume.
const Words list_members = {"etcdctl",
                            "--endpoints=https://127.0.0.1:2379",
                            "--cacert=/data/pki/etcd/ca.crt",
                            "--cert=/data/pki/etcd/client.crt",
                            "--key=/data/pki/etcd/client.key",
                            "member",
                            "list",
                            "--write-out=json"};

// Without a quorum no member answers a linearizable request, and etcdctl gives up after five
// seconds.
Failure in_time(Failure failure) {
    if (failure.what.find("context deadline exceeded") == std::string::npos) return failure;
    return {FailureKind::unavailable,
            "etcd did not tell its list in time, as when quorum is lost; see quorate status",
            failure.where};
}

// The list as a quorum knows it: etcdctl asks linearizably, so any member that answers will do.
Result<Json> list_of(const Cluster& cluster) {
    Failure last{FailureKind::unavailable, "there is no pod to ask", cluster.name()};
    for (const Pod& pod : cluster.pods()) {
        auto text = cluster.exec(pod, list_members);
        if (text) {
            Json json = Json::parse(*text, nullptr, false);
            if (json.is_object() && json.contains("members")) return json["members"];
            last = {FailureKind::refused, "etcdctl said something that is no list", pod.name};
        } else if (pod.object.is_object()) {
            last = in_time(text.error());
        }
    }
    return tl::unexpected(last);
}

Result<std::optional<ClusterRecord>> record_of(const Cluster& cluster) {
    const kube::Names names{cluster.name(), cluster.space()};
    auto object = cluster.get({"configmap", kube::record_of(names).name});
    if (!object) return tl::unexpected(object.error());
    return kube::record_in(*object, names);
}

Exit members(const Asked& asked) {
    const auto cluster = Cluster::find(asked);
    if (!cluster) return cluster.error();
    const auto record = record_of(*cluster);
    if (!record) return told(record.error(), cluster->spoken());
    const auto list = list_of(*cluster);
    const Json roster = roster_of(cluster->name(), list ? *list : Json(), **record);
    if (!printed(asked, roster)) std::cout << render_roster(roster) << std::flush;
    // The record alone is still worth seeing: it is what a recovery goes by.
    if (!list) return told(list.error(), cluster->spoken());
    return Exit::ok;
}

}  // namespace

void add_members(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("members", "etcd's member list beside the cluster record");
    add_target(*verb, *asked);
    add_formats(*verb, *asked, Formats::machine);
    verb->callback([asked, &exit] { exit = members(*asked); });
}

}  // namespace quorate::cli::kubectl
