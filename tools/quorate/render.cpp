#include "tools/quorate/render.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

namespace quorate::cli {
namespace {

using Json = nlohmann::json;
using Row = std::vector<std::string>;

std::string text_of(const Json& value) {
    if (value.is_null()) return "-";
    if (value.is_string()) return value.get<std::string>();
    return value.dump();
}

// How far a member is behind the leader, in entries of the raft log.
std::string lag_text(const Json& member, std::uint64_t leader_index) {
    const auto index = member["raft_index"].get<std::uint64_t>();
    if (index == 0 || leader_index == 0) return "-";
    return index >= leader_index ? "0" : std::to_string(leader_index - index);
}

Row row_of(const Json& member, std::uint64_t leader_index) {
    const std::string id = text_of(member["member_id"]);
    const std::string version = text_of(member["etcd_version"]);
    const bool known = member["raft_index"] != 0;
    return {text_of(member["name"]),
            id.empty() ? "-" : id,
            member["leader"] == true ? "leader" : text_of(member["role"]),
            text_of(member["phase"]),
            member["ready"] == true ? "yes" : "no",
            lag_text(member, leader_index),
            known ? text_of(member["revision"]) : "-",
            known ? render_size(member["db_size_bytes"].get<std::uint64_t>()) : "-",
            version.empty() ? "-" : version,
            text_of(member["client_url"])};
}

std::string painted(const std::string& text, const char* code, Colour colour) {
    return colour == Colour::none ? text : std::string("\x1b[") + code + "m" + text + "\x1b[0m";
}

std::string phase_painted(const std::string& phase, Colour colour) {
    if (phase == "steady") return painted(phase, "32", colour);
    if (phase == "parked" || phase == "quorum-lost") return painted(phase, "31", colour);
    return painted(phase, "33", colour);
}

// Other agents do not see it.
bool has_control_plane(const Json& member) {
    return member.is_object() && member.contains("control_plane") &&
           !member["control_plane"].is_null();
}

std::string list_of(const Json& ordinals) {
    std::string text;
    for (const Json& ordinal : ordinals)
        text += (text.empty() ? "" : ", ") + ordinal.dump();
    return text.empty() ? "none" : text;
}

}  // namespace

std::string render_unresolved(const Json& members) {
    std::string names;
    for (const Json& member : members)
        // An agent of an older release does not tell.
        if (!member.value("resolves", true))
            names += (names.empty() ? "" : ", ") + text_of(member["name"]);
    return names.empty() ? "" : "DNS does not resolve for other replicas: " + names + "\n";
}

bool any_control_plane(const Json& members) {
    return std::any_of(members.begin(), members.end(), has_control_plane);
}

std::string render_control_plane(const Json& member) {
    if (!has_control_plane(member)) return "-";
    const Json& told = member["control_plane"];
    const auto exits = told["exits"].get<std::uint32_t>();
    std::string text = told["running"] == true ? "runs" : "down";
    if (exits > 0) text += ", " + std::to_string(exits) + (exits == 1 ? " exit" : " exits");
    return text;
}

std::string render_size(std::uint64_t bytes) {
    constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    std::uint64_t tenths = bytes * 10;
    while (tenths >= 10 * 1024 && unit + 1 < units.size()) {
        tenths /= 1024;
        ++unit;
    }
    std::string text = std::to_string(tenths / 10);
    if (unit > 0) text += "." + std::to_string(tenths % 10);
    return text + " " + units[unit];
}

std::string render_table(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
    for (const Row& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

std::string render_recovery(const Json& plan, const std::string& apply) {
    std::string text = "survivors, best first:\n";
    for (const Json& survivor : plan["survivors"])
        text += "  replica " + text_of(survivor["ordinal"]) + "  term " +
                text_of(survivor["term"]) + "  index " + text_of(survivor["index"]) + "\n";
    text += "volumes lost: " + list_of(plan["gone"]) + "\n";
    text += "not heard of: " + list_of(plan["silent"]) + "\n";
    text += "acknowledged writes: ";
    text += plan["may_lose"] == true
                ? "those that only the lost or silent replicas held may be lost\n"
                : "none is lost, the best survivor holds all of them\n";
    text += "revision is raised by: " + text_of(plan["revision_raised_by"]) + "\n\n";
    if (const std::string blocked = plan.value("blocked_by", ""); !blocked.empty())
        return text + "It cannot be carried out yet: " + blocked + "\n";
    return text + "A replica that is only silent is better brought back than given up.\n" +
           "To rebuild the cluster from replica " + text_of(plan["survivors"][0]["ordinal"]) +
           ":\n  " + apply + " --token " + text_of(plan["token"]) + "\n";
}

std::string render_status(const Json& status, Colour colour) {
    std::string text = "phase " + phase_painted(text_of(status["phase"]), colour) + "   desired " +
                       text_of(status["desired"]) + "   epoch " + text_of(status["epoch"]) +
                       "   record " + text_of(status["record_revision"]) + "   authority " +
                       text_of(status["authority"]) + "   lineage " + text_of(status["lineage"]) +
                       "\n";
    std::uint64_t leader_index = 0;
    for (const Json& member : status["members"])
        leader_index = std::max(leader_index, member["raft_index"].get<std::uint64_t>());
    std::vector<Row> rows = {
        {"NAME", "MEMBER", "ROLE", "PHASE", "READY", "LAG", "REVISION", "DB", "ETCD", "CLIENT"}};
    const bool beside = any_control_plane(status["members"]);
    if (beside) rows.front().push_back("CONTROL-PLANE");
    for (const Json& member : status["members"]) {
        rows.push_back(row_of(member, leader_index));
        if (beside) rows.back().push_back(render_control_plane(member));
    }
    text += render_table(rows);
    text += render_unresolved(status["members"]);
    if (const Json& parked = status["parked"]; !parked.is_null()) {
        text += painted("parked: " + text_of(parked["reason"]), "31", colour) + "\n";
        text += "next step: " + text_of(parked["next_step"]) + "\n";
    }
    return text;
}

std::string render_time(Instant at) {
    const std::time_t seconds = static_cast<std::time_t>(at.us / 1'000'000);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char text[32];
    std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03d", parts.tm_hour, parts.tm_min,
                  parts.tm_sec, static_cast<int>(at.us / 1'000 % 1'000));
    return text;
}

std::string render_line(const api::Explained& decision, Ordinal replica) {
    return render_time(decision.at) + " replica " + std::to_string(replica.value) + " #" +
           std::to_string(decision.seq.value) + "  " +
           (decision.reason.empty() ? decision.observation : decision.reason);
}

std::string render_whole(const api::Explained& decision, Ordinal replica) {
    std::string text = render_time(decision.at) + " replica " + std::to_string(replica.value) +
                       " event " + std::to_string(decision.seq.value) + "\n";
    text += "    seen      " + decision.observation + "\n";
    if (!decision.rules.empty()) {
        text += "    rules    ";
        for (const std::string& rule : decision.rules)
            text += " " + rule;
        text += "\n";
    }
    if (!decision.reason.empty()) text += "    decided   " + decision.reason + "\n";
    for (const std::string& command : decision.commands)
        text += "    command   " + command + "\n";
    return text;
}

Json as_json(const api::Explained& decision, Ordinal replica) {
    return {{"replica", replica.value},     {"event", decision.seq.value},
            {"at_us", decision.at.us},      {"observation", decision.observation},
            {"rules", decision.rules},      {"reason", decision.reason},
            {"commands", decision.commands}};
}

}  // namespace quorate::cli
