#include "tools/quorate/kubectl/roster.hpp"

#include <algorithm>

#include "tools/quorate/render.hpp"

namespace quorate::cli::kubectl {
namespace {

using Json = nlohmann::json;

std::string or_dash(const Json& text) {
    return text.is_string() && !text.get<std::string>().empty() ? text.get<std::string>() : "-";
}

// Members that have not started yet have no name; the peer URL begins with the pod's.
std::string name_of(const Json& member) {
    if (const std::string name = member.value("name", ""); !name.empty()) return name;
    const std::string url = member.value("/peerURLs/0"_json_pointer, "");
    const std::size_t from = url.find("://");
    return from == std::string::npos ? url : url.substr(from + 3, url.find('.', from) - from - 3);
}

Json difference_of(const Json& entry, bool list_known) {
    const std::string listed = entry["listed_id"];
    const std::string recorded = entry["recorded_id"];
    if (!list_known || listed == recorded) return nullptr;
    if (listed.empty()) return "the record has it, etcd's list does not";
    if (recorded.empty()) return "etcd's list has it, the record does not";
    return "the record has another identity than etcd's list";
}

}  // namespace

Json roster_of(const std::string& statefulset, const Json& list, const ClusterRecord& record) {
    Json entries = Json::array();
    const auto entry_of = [&](const std::string& name) -> Json& {
        for (Json& entry : entries)
            if (entry["name"] == name) return entry;
        entries.push_back({{"name", name},
                           {"listed_id", ""},
                           {"recorded_id", ""},
                           {"role", ""},
                           {"peer_url", ""}});
        return entries.back();
    };
    // A replica that was scaled away, or has not joined yet, is in the record and is no member.
    for (const auto& [ordinal, replica] : record.replicas)
        if (replica.member_id.value != 0)
            entry_of(statefulset + "-" + std::to_string(ordinal.value))["recorded_id"] =
                hex(replica.member_id);
    const bool known = list.is_array();
    for (const Json& member : known ? list : Json::array()) {
        Json& entry = entry_of(name_of(member));
        entry["listed_id"] = hex(MemberId{member.value("ID", std::uint64_t{0})});
        entry["role"] = member.value("isLearner", false) ? "learner" : "voter";
        entry["peer_url"] = member.value("/peerURLs/0"_json_pointer, "");
    }
    for (Json& entry : entries)
        entry["difference"] = difference_of(entry, known);
    std::sort(entries.begin(), entries.end(),
              [](const Json& a, const Json& b) { return a["name"] < b["name"]; });
    return {{"lineage", record.lineage.value},
            {"epoch", record.epoch.value},
            {"record_revision", record.revision.value},
            {"list_known", known},
            {"members", entries}};
}

std::string render_roster(const Json& roster) {
    std::vector<std::vector<std::string>> rows = {{"NAME", "LISTED", "RECORDED", "ROLE", "PEER"}};
    for (const Json& entry : roster["members"])
        rows.push_back({or_dash(entry["name"]), or_dash(entry["listed_id"]),
                        or_dash(entry["recorded_id"]), or_dash(entry["role"]),
                        or_dash(entry["peer_url"])});
    std::string text = render_table(rows);
    text += "lineage " + roster["lineage"].get<std::string>() + ", epoch " +
            roster["epoch"].dump() + ", record " + roster["record_revision"].dump() + "\n";
    for (const Json& entry : roster["members"])
        if (!entry["difference"].is_null())
            text += entry["name"].get<std::string>() + ": " +
                    entry["difference"].get<std::string>() + "\n";
    if (roster["list_known"] == false) text += "etcd's list is not known; this is the record\n";
    return text;
}

}  // namespace quorate::cli::kubectl
