#include "tools/quorate/merge.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace quorate::cli {
namespace {

using Json = nlohmann::json;

// Whose view counts for what cannot be added up: one that serves, then the one with the newest
// record, then the lowest ordinal.
const Json* best_view(const std::vector<Json>& answers) {
    const Json* best = nullptr;
    const auto rank = [](const Json& answer) {
        return std::pair(answer["self"]["ready"].get<bool>(),
                         answer["view"]["record_revision"].get<std::uint64_t>());
    };
    for (const Json& answer : answers)
        if (best == nullptr || rank(*best) < rank(answer)) best = &answer;
    return best == nullptr ? nullptr : &(*best)["view"];
}

Json members_of(const Json& view, const std::vector<Json>& answers) {
    std::map<std::uint32_t, Json> members;
    for (const Json& member : view["members"])
        members[member["ordinal"].get<std::uint32_t>()] = member;
    for (const Json& answer : answers) {
        Json self = answer["self"];
        const auto ordinal = self["ordinal"].get<std::uint32_t>();
        // Membership is not an agent's own to say: its list may be older than the others'.
        if (members.contains(ordinal)) self["role"] = members[ordinal]["role"];
        if (members.contains(ordinal) && self["member_id"] == "")
            self["member_id"] = members[ordinal]["member_id"];
        self.erase("awaits_peers");
        members[ordinal] = self;
    }
    // Whoever answers is found by whoever asks here; DNS of the others' may fail all the same.
    for (const Json& answer : answers)
        for (const Json& seen : answer["view"]["members"])
            if (const auto one = members.find(seen["ordinal"].get<std::uint32_t>());
                one != members.end() && !seen.value("resolves", true))
                one->second["resolves"] = false;
    // One leader: the best view's, if it names one.
    const auto named = std::find_if(view["members"].begin(), view["members"].end(),
                                    [](const Json& member) { return member["leader"] == true; });
    Json list = Json::array();
    for (auto& [ordinal, member] : members) {
        if (named != view["members"].end())
            member["leader"] = member["member_id"] == (*named)["member_id"];
        list.push_back(std::move(member));
    }
    return list;
}

// What stops a cluster that serves comes before what stops one replica. A lost quorum comes last:
// a replica that may start again may bring it back, where a rebuild would lose something.
int urgency(const Json& view) {
    if (!view["parked"]["replica"].is_null()) return 1;
    return view["quorum_lost"] == true ? 0 : 2;
}

Json first_parked(const std::vector<Json>& answers) {
    const Json* first = nullptr;
    for (const Json& answer : answers) {
        const Json& view = answer["view"];
        if (view["parked"].is_null()) continue;
        if (first == nullptr || urgency(*first) < urgency(view)) first = &view;
    }
    return first == nullptr ? Json() : (*first)["parked"];
}

bool any_ready(const Json& members) {
    return std::any_of(members.begin(), members.end(),
                       [](const Json& member) { return member["ready"] == true; });
}

bool any_says(const std::vector<Json>& answers, const char* phase) {
    return std::any_of(answers.begin(), answers.end(), [&](const Json& answer) {
        return answer["view"]["cluster_phase"] == phase;
    });
}

bool all_idle(const std::vector<Json>& answers) {
    return std::all_of(answers.begin(), answers.end(),
                       [](const Json& answer) { return answer["view"]["repair"] == "idle"; });
}

// Exactly the desired replicas are voters, each told by its own agent, and each serves; nobody is
// on its way out.
bool is_steady(const Known& known, std::uint32_t desired, const Json& view, const Json& members,
               const std::vector<Json>& answers) {
    if (std::any_of(known.agents.begin(), known.agents.end(),
                    [&](Ordinal agent) { return agent.value >= desired; }))
        return false;
    if (view["stage"] != "formed" || view["learners"] != 0 || view["voters"] != desired)
        return false;
    if (answers.size() < desired || !all_idle(answers)) return false;
    if (members.size() != desired) return false;
    return std::all_of(members.begin(), members.end(), [&](const Json& member) {
        return member["role"] == "voter" && member["ready"] == true &&
               member["ordinal"].get<std::uint32_t>() < desired && member["agent_pid"].is_number();
    });
}

std::string phase_of(const Known& known, std::uint32_t desired, const Json& view,
                     const Json& members, const Json& parked, const std::vector<Json>& answers) {
    if (!parked.is_null()) return "parked";
    if (desired == 0) return "paused";
    if (any_says(answers, "rebuilding")) return "rebuilding";
    if (view["quorum_lost"] == true && !any_ready(members)) return "quorum-lost";
    if (view["stage"] != "formed") return "forming";
    for (const char* work : {"repairing", "growing", "shrinking"})
        if (any_says(answers, work)) return work;
    return is_steady(known, desired, view, members, answers) ? "steady" : "degraded";
}

// Nobody answers: what the files say.
Json nobody(const Known& known) {
    const bool paused = known.desired && *known.desired == 0;
    const std::optional<ClusterRecord>& record = known.record;
    return {{"lineage", record ? Json(record->lineage.value) : Json()},
            {"epoch", record ? Json(record->epoch.value) : Json()},
            {"desired", known.desired ? Json(*known.desired) : Json()},
            {"phase", paused   ? "paused"
                      : record ? "degraded"
                               : "forming"},
            {"authority", known.authority ? Json(known.authority->value) : Json()},
            {"record_revision", record ? Json(record->revision.value) : Json()},
            {"members", Json::array()},
            {"parked", nullptr},
            {"quorum_lost", false},
            {"last_decision", nullptr}};
}

Json last_decision(const std::vector<Json>& answers) {
    Json last;
    for (const Json& answer : answers) {
        Json told = answer["view"]["last_decision"];
        if (told.is_null()) continue;
        told["replica"] = answer["self"]["ordinal"];
        if (last.is_null() || last["at_us"] < told["at_us"]) last = told;
    }
    return last;
}

}  // namespace

std::optional<Ordinal> authority_in(const std::vector<Json>& answers) {
    const auto speaks = [&](Ordinal replica) {
        return std::any_of(answers.begin(), answers.end(), [&](const Json& answer) {
            return answer.contains("self") && answer["self"]["ordinal"] == replica.value;
        });
    };
    std::optional<Ordinal> seen;
    for (const Json& answer : answers) {
        if (!answer.contains("self") || !answer.contains("view")) continue;
        const Json& holder = answer["view"]["authority"];
        if (!holder.is_number()) continue;
        const Ordinal named{holder.get<std::uint32_t>()};
        if (answer["self"]["ordinal"] == named.value) return named;
        if (!speaks(named)) seen = named;
    }
    return seen;
}

Json merge(const Known& known, const std::vector<Json>& told) {
    std::vector<Json> answers;
    for (const Json& answer : told)
        if (answer.contains("self") && answer.contains("view")) answers.push_back(answer);
    const Json* view = best_view(answers);
    if (view == nullptr) return nobody(known);
    const Json members = members_of(*view, answers);
    const Json parked = first_parked(answers);
    // The file is what counts; an agent may not have seen its last change yet.
    const Json desired = known.desired ? Json(*known.desired) : (*view)["desired"];
    const std::uint32_t number = desired.is_null() ? 0 : desired.get<std::uint32_t>();
    const bool lost = std::any_of(answers.begin(), answers.end(), [](const Json& answer) {
        return answer["view"]["quorum_lost"] == true;
    });
    return {{"lineage", (*view)["lineage"]},
            {"epoch", (*view)["epoch"]},
            {"desired", desired},
            {"phase", phase_of(known, number, *view, members, parked, answers)},
            {"authority", known.authority ? Json(known.authority->value) : Json()},
            {"record_revision", (*view)["record_revision"]},
            {"members", members},
            {"parked", parked},
            {"quorum_lost", lost && !any_ready(members)},
            {"last_decision", last_decision(answers)}};
}

}  // namespace quorate::cli
