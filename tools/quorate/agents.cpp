#include "tools/quorate/agents.hpp"

#include <future>

#include "adapters/local/desired.hpp"
#include "adapters/local/lease.hpp"
#include "adapters/local/record.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/merge.hpp"

namespace quorate::cli {

using Json = nlohmann::json;

std::vector<Ordinal> reachable(const local::Layout& layout) {
    std::vector<Ordinal> ordinals;
    std::error_code error;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i)
        if (std::filesystem::exists(layout.socket(Ordinal{i}), error)) ordinals.push_back({i});
    return ordinals;
}

std::vector<Json> ask_status(const local::Layout& layout) {
    // At the same time: one agent that hangs costs one deadline, not one each.
    std::vector<std::future<Result<std::string>>> asked;
    for (const Ordinal ordinal : reachable(layout))
        asked.push_back(std::async(std::launch::async, [socket = layout.socket(ordinal)] {
            return api::Client(socket).status(ask_deadline);
        }));
    std::vector<Json> answers;
    for (auto& one : asked) {
        const auto text = one.get();
        if (!text) continue;
        Json json = Json::parse(*text, nullptr, false);
        if (json.is_object() && json.contains("self")) answers.push_back(std::move(json));
    }
    return answers;
}

Json cluster_status(const local::Layout& layout) {
    Known known;
    if (const auto desired = local::read_desired(layout.desired()); desired && *desired)
        known.desired = (*desired)->replicas;
    if (const auto holder = local::Lease(layout.lease(), Ordinal{0}).holder(); holder)
        known.authority = *holder;
    if (const auto record = local::read_record(layout.record()); record) known.record = *record;
    std::error_code error;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i)
        if (std::filesystem::exists(layout.agent_pid(Ordinal{i}), error))
            known.agents.push_back(Ordinal{i});
    return merge(known, ask_status(layout));
}

bool next_may_start(const std::string& status) {
    const Json json = Json::parse(status, nullptr, false);
    if (!json.is_object() || !json.contains("self")) return false;
    const Json& self = json["self"];
    return self["ready"] == true || self["awaits_peers"] == true;
}

}  // namespace quorate::cli
