#include "tools/quorate/kubectl/picture.hpp"

#include <algorithm>
#include <map>

#include "tools/quorate/merge.hpp"
#include "tools/quorate/render.hpp"

namespace quorate::cli::kubectl {
namespace {

using Row = std::vector<std::string>;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string text_in(const Json& object, const char* key) {
    if (!object.is_object() || !object.contains(key) || object[key].is_null()) return "-";
    return object[key].is_string() ? or_dash(object[key].get<std::string>()) : object[key].dump();
}

// What the agent in the pod said; null when it cannot be read.
Json answer_in(const Heard& heard) {
    if (!heard.said) return nullptr;
    const Json list = Json::parse(*heard.said, nullptr, false);
    if (!list.is_array() || list.empty() || !list[0].contains("self")) return nullptr;
    return list[0];
}

Json pod_json(const Heard& heard, const Json& answer, const Spoken& spoken) {
    const Json& object = heard.pod.object;
    const Json restarts =
        object.is_object()
            ? object.value("/status/containerStatuses/0/restartCount"_json_pointer, Json())
            : Json();
    const std::string silent = heard.said ? "" : in_kubectls_words(heard.said.error().what, spoken);
    const auto at = [&](const char* pointer) {
        return object.is_object() ? object.value(Json::json_pointer(pointer), Json()) : Json();
    };
    return {{"ordinal", heard.pod.ordinal.value},
            {"name", heard.pod.name},
            {"uid", at("/metadata/uid")},
            {"phase", at("/status/phase")},
            {"deleted_at", at("/metadata/deletionTimestamp")},
            {"node", at("/spec/nodeName")},
            {"restarts", restarts},
            {"created_at", at("/metadata/creationTimestamp")},
            {"answers", !answer.is_null()},
            {"silent_because", heard.said ? answer.is_null() ? Json("what it said is of no "
                                                                    "known form")
                                                             : Json()
                                          : Json(silent)}};
}

std::string pod_phase(const Json& pod) {
    if (pod.is_null() || pod["phase"].is_null()) return "-";
    return pod["deleted_at"].is_null() ? text_in(pod, "phase") : "Terminating";
}

std::string age_in(const Json& pod, std::int64_t now) {
    if (pod.is_null() || !pod["created_at"].is_string()) return "-";
    const auto made = seconds_in(pod["created_at"]);
    return made ? age_text(seconds(now - *made)) : "-";
}

std::string role_in(const Json& member) {
    return member.is_object() && member["leader"] == true ? "leader" : text_in(member, "role");
}

std::uint64_t leader_index(const Json& members) {
    std::uint64_t index = 0;
    for (const Json& member : members)
        index = std::max(index, member["raft_index"].get<std::uint64_t>());
    return index;
}

std::string lag_in(const Json& member, std::uint64_t highest) {
    const std::uint64_t index =
        member.is_object() ? member["raft_index"].get<std::uint64_t>() : std::uint64_t{0};
    return index == 0 ? "-" : std::to_string(highest - index);
}

Row wide_part(const Json& pod, const Json& member, std::uint64_t highest) {
    const bool known = member.is_object() && member["raft_index"] != 0;
    return {lag_in(member, highest),
            known ? text_in(member, "revision") : "-",
            known ? render_size(member["db_size_bytes"].get<std::uint64_t>()) : "-",
            pod_phase(pod),
            text_in(pod, "restarts"),
            text_in(pod, "node"),
            text_in(member, "client_url")};
}

Row row_of(const Json& pod, const Json& member, const Json& authority, std::int64_t now) {
    const Json& one = pod.is_null() ? member : pod;
    return {text_in(one, "name"),
            member.is_object() && member["ready"] == true ? "yes" : "no",
            role_in(member),
            text_in(member, "phase"),
            text_in(member, "member_id"),
            text_in(member, "etcd_version"),
            one["ordinal"] == authority ? "yes" : "-",
            age_in(pod, now)};
}

}  // namespace

Json picture_of(const Json& statefulset, const std::vector<Heard>& heard, const Spoken& spoken) {
    Known known;
    known.desired = statefulset.value("/spec/replicas"_json_pointer, std::uint32_t{1});
    std::vector<Json> answers;
    Json pods = Json::array();
    for (const Heard& one : heard) {
        Json answer = answer_in(one);
        pods.push_back(pod_json(one, answer, spoken));
        if (!answer.is_null()) answers.push_back(std::move(answer));
    }
    known.authority = authority_in(answers);
    Json status = merge(known, answers);
    // The StatefulSet alone says whether it is paused, and nothing else.
    if (answers.empty() && *known.desired > 0) status["phase"] = "unknown";
    if (!status["parked"].is_null())
        status["parked"]["next_step"] =
            in_kubectls_words(status["parked"]["next_step"].get<std::string>(), spoken);
    return {{"statefulset",
             {{"name", statefulset["metadata"]["name"]},
              {"namespace", statefulset["metadata"]["namespace"]},
              {"uid", statefulset["metadata"]["uid"]},
              {"replicas", *known.desired},
              {"pod_management_policy",
               statefulset.value("/spec/podManagementPolicy"_json_pointer, "OrderedReady")}}},
            {"pods", pods},
            {"status", status}};
}

std::string render_replicas(const Json& picture, Width width, std::int64_t now) {
    std::map<std::uint32_t, std::pair<Json, Json>> replicas;  // pod and member
    for (const Json& pod : picture["pods"])
        replicas[pod["ordinal"].get<std::uint32_t>()].first = pod;
    const Json& members = picture["status"]["members"];
    for (const Json& member : members)
        replicas[member["ordinal"].get<std::uint32_t>()].second = member;
    std::vector<Row> rows = {
        {"NAME", "READY", "ROLE", "PHASE", "MEMBER-ID", "ETCD", "AUTHORITY", "AGE"}};
    const bool beside = any_control_plane(members);
    if (beside) rows.front().push_back("CONTROL-PLANE");
    if (width == Width::wide)
        for (const char* more : {"LAG", "REVISION", "DB", "POD", "RESTARTS", "NODE", "CLIENT"})
            rows.front().push_back(more);
    const std::uint64_t highest = leader_index(members);
    for (const auto& [ordinal, both] : replicas) {
        const auto& [pod, member] = both;
        Row row = row_of(pod, member, picture["status"]["authority"], now);
        if (beside) row.push_back(render_control_plane(member));
        if (width == Width::wide)
            for (std::string& more : wide_part(pod, member, highest))
                row.push_back(std::move(more));
        rows.push_back(std::move(row));
    }
    return render_table(rows);
}

std::string render_verdict(const Json& picture, const Spoken& spoken) {
    const Json& status = picture["status"];
    const Json& members = status["members"];
    const auto ready = std::count_if(members.begin(), members.end(),
                                     [](const Json& member) { return member["ready"] == true; });
    std::string text = text_in(picture["statefulset"], "name");
    if (status["phase"] == "unknown")
        text += ": no agent answers\n";
    else
        text += " is " + text_in(status, "phase") + ": " + std::to_string(ready) + " of " +
                text_in(status, "desired") + " ready, epoch " + text_in(status, "epoch") +
                ", record " + text_in(status, "record_revision") + "\n";
    text += render_unresolved(members);
    if (const Json& parked = status["parked"]; !parked.is_null())
        text += "parked: " + in_kubectls_words(text_in(parked, "reason"), spoken) +
                "\nnext step: " + text_in(parked, "next_step") + "\n";
    for (const Json& pod : picture["pods"])
        if (pod["answers"] == false)
            text += pod["name"].get<std::string>() +
                    " does not answer: " + text_in(pod, "silent_because") + "\n";
    return text;
}

}  // namespace quorate::cli::kubectl
