#include "tools/quorate/agents.hpp"

#include <future>

#include "adapters/http/client.hpp"
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

std::vector<Json> ask_status(const local::Layout& layout, Span deadline) {
    // At the same time: one agent that hangs costs one deadline, not one each.
    std::vector<std::future<Result<std::string>>> asked;
    for (const Ordinal ordinal : reachable(layout))
        asked.push_back(std::async(std::launch::async, [socket = layout.socket(ordinal), deadline] {
            return api::Client(socket).status(deadline);
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

namespace {

// Null when nobody answers, or somebody who is no agent.
Json status_page(const std::string& host) {
    const auto body = http::get({host, pod_pages_port, "/status"}, ask_deadline);
    if (!body) return nullptr;
    Json json = Json::parse(*body, nullptr, false);
    return json.is_object() && json.contains("self") ? json : Json();
}

// https://HOST:PORT
std::string host_in(const std::string& url) {
    const std::size_t from = url.find("://");
    if (from == std::string::npos) return "";
    return url.substr(from + 3, url.rfind(':') - from - 3);
}

Json pod_status(const local::Layout& layout) {
    std::vector<Json> answers = ask_status(layout);
    Known known;
    if (answers.empty()) return merge(known, answers);
    for (Json& other : ask_pages(answers.front()))
        answers.push_back(std::move(other));
    known.authority = authority_in(answers);
    return merge(known, answers);
}

}  // namespace

std::vector<Json> ask_pages(const Json& own) {
    std::vector<std::future<Json>> asked;
    for (const Json& member : own["view"]["members"])
        if (member["ordinal"] != own["self"]["ordinal"])
            asked.push_back(std::async(std::launch::async, status_page,
                                       host_in(member["client_url"].get<std::string>())));
    std::vector<Json> answers;
    for (auto& one : asked)
        if (Json json = one.get(); !json.is_null()) answers.push_back(std::move(json));
    return answers;
}

Json cluster_status(const local::Layout& layout) {
    if (is_pod(layout)) return pod_status(layout);
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
