#include "tools/quorate/kubectl/policy.hpp"

#include <algorithm>

#include "core/base/mix.hpp"

namespace quorate::cli::kubectl {
namespace {

using Json = nlohmann::json;

std::int64_t restarts_of(const Json& pod) {
    std::int64_t restarts = 0;
    for (const Json& status : pod.value("/status/containerStatuses"_json_pointer, Json::array()))
        restarts += status.value("restartCount", std::int64_t{0});
    return restarts;
}

const Json* find(const std::vector<Json>& pods, const std::string& name) {
    const auto found = std::find_if(pods.begin(), pods.end(), [&](const Json& pod) {
        return pod.is_object() && pod["metadata"]["name"] == name;
    });
    return found == pods.end() ? nullptr : &*found;
}

bool is_owned(const Json& pod, const std::string& owner) {
    const Json owners = pod.value("/metadata/ownerReferences"_json_pointer, Json::array());
    return std::any_of(owners.begin(), owners.end(), [&](const Json& reference) {
        return reference.value("uid", "") == owner && reference.value("controller", false);
    });
}

}  // namespace

Json made_again(const Json& statefulset, const std::string& policy) {
    Json object = statefulset;
    object.erase("status");
    Json& metadata = object["metadata"];
    for (const char* written_by_the_api :
         {"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
          "managedFields", "resourceVersion", "selfLink", "uid"})
        metadata.erase(written_by_the_api);
    object["spec"]["podManagementPolicy"] = policy;
    return object;
}

std::string policy_token(const Json& statefulset, const std::string& policy) {
    std::uint64_t mixed = 0;
    for (const std::string& part : {statefulset["metadata"].value("uid", ""),
                                    statefulset["metadata"].value("resourceVersion", ""), policy})
        mixed = mix_text(mixed, part);
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 16; shift -= 4)
        text += digits[(mixed >> shift) & 15];
    return text;
}

std::string policy_refusal(const Json& statefulset) {
    if (statefulset["metadata"].contains("deletionTimestamp"))
        return "it is being deleted; see kubectl get statefulset";
    const Json status = statefulset.value("status", Json::object());
    // A set that is made again goes on with the rollout, and pods that it restarts then could not
    // be told from pods that this restarted.
    if (status.value("currentRevision", "") != status.value("updateRevision", ""))
        return "a rollout is under way; wait until kubectl rollout status says that it is done";
    if (statefulset["metadata"].value("generation", std::int64_t{0}) !=
        status.value("observedGeneration", std::int64_t{0}))
        return "its last change has not been seen by the controller yet; try again";
    return "";
}

std::vector<Kept> kept_in(const std::vector<Json>& pods) {
    std::vector<Kept> kept;
    for (const Json& pod : pods)
        if (pod.is_object() && !pod["metadata"].contains("deletionTimestamp"))
            kept.push_back({pod["metadata"]["name"], pod["metadata"]["uid"], restarts_of(pod)});
    return kept;
}

std::string lost_of(const std::vector<Kept>& before, const std::vector<Json>& now) {
    for (const Kept& kept : before) {
        const Json* pod = find(now, kept.name);
        if (pod == nullptr) return kept.name + " is gone";
        if ((*pod)["metadata"]["uid"] != kept.uid) return kept.name + " is another pod now";
        if (restarts_of(*pod) != kept.restarts) return kept.name + " was restarted";
    }
    return "";
}

bool all_owned(const std::vector<Kept>& before, const std::vector<Json>& now,
               const std::string& owner) {
    return std::all_of(before.begin(), before.end(), [&](const Kept& kept) {
        const Json* pod = find(now, kept.name);
        return pod != nullptr && is_owned(*pod, owner);
    });
}

}  // namespace quorate::cli::kubectl
