#include "adapters/host/service.hpp"

#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>

#include "adapters/api/server.hpp"
#include "adapters/host/explained_of.hpp"
#include "adapters/host/rebuild.hpp"
#include "adapters/host/status.hpp"
#include "adapters/journal/export.hpp"
#include "adapters/journal/journal.hpp"
#include "core/rules/recovery_plan.hpp"

namespace quorate::host {
namespace {

// Enough for a live view and for `explain --last`; older ones are read from the journal.
constexpr std::size_t recent_max = 400;

// What stands in the way of any rebuild by this agent; empty: nothing.
std::string blocked_by(const AgentConfig& config) {
    const auto tool = restore_tool(config);
    if (tool) return {};
    return tool.error().where + ": " + tool.error().what;
}

nlohmann::json as_json(const RecoveryPlan& plan, const std::string& blocked) {
    nlohmann::json survivors = nlohmann::json::array();
    for (const Survivor& survivor : plan.survivors)
        survivors.push_back({{"ordinal", survivor.ordinal.value},
                             {"term", survivor.position.term.value},
                             {"index", survivor.position.index.value}});
    const auto ordinals = [](const std::vector<Ordinal>& list) {
        nlohmann::json json = nlohmann::json::array();
        for (const Ordinal ordinal : list)
            json.push_back(ordinal.value);
        return json;
    };
    return {{"survivors", survivors},
            {"silent", ordinals(plan.silent)},
            {"gone", ordinals(plan.gone)},
            {"may_lose", plan.may_lose},
            {"revision_raised_by", plan.bump.value},
            {"blocked_by", blocked},
            {"token", plan.token}};
}

}  // namespace

struct Service::Shared {
    std::mutex mutex;
    State state;
    Surroundings surroundings;
    std::deque<api::Explained> recent;
    AgentConfig config;
    std::function<void(std::string)> approve;
    std::unique_ptr<api::Server> server;

    std::string status() {
        const std::lock_guard guard(mutex);
        std::optional<api::Explained> last;
        for (auto it = recent.rbegin(); it != recent.rend() && !last; ++it)
            if (!it->reason.empty()) last = *it;
        return status_json(state, {surroundings.etcd_pid, surroundings.latest,
                                   surroundings.authority, surroundings.control_plane, last});
    }

    Result<std::vector<api::Explained>> recently(std::uint32_t last,
                                                 std::optional<EventSeq> event) {
        const std::lock_guard guard(mutex);
        std::vector<api::Explained> found;
        for (const api::Explained& one : recent)
            if (event ? one.seq == *event : !one.reason.empty()) found.push_back(one);
        if (!event && found.size() > last)
            found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(last));
        return found;
    }

    bool parked() const {
        return state.cluster.phase == ClusterPhase::parked ||
               state.cluster.phase == ClusterPhase::quorum_lost;
    }

    Result<std::string> plan() {
        const std::lock_guard guard(mutex);
        if (!parked()) return refused("quorum is not lost; there is nothing to recover", "recover");
        const auto made = state.facts.record ? plan_recovery(*state.facts.record) : std::nullopt;
        if (!made)
            return refused(
                "no replica has told of a usable volume; bring one back or restore a "
                "snapshot",
                "recover");
        return as_json(*made, blocked_by(config)).dump();
    }

    Result<void> approved(const std::string& token) {
        {
            const std::lock_guard guard(mutex);
            if (!parked())
                return refused("quorum is not lost; there is nothing to recover", "recover");
            const auto made =
                state.facts.record ? plan_recovery(*state.facts.record) : std::nullopt;
            if (!made || made->token != token)
                return refused(
                    "the token is not of the present plan; run quorate recover plan again",
                    "recover");
            if (state.facts.desired && survivor_is_scaled_away(*made, *state.facts.desired)) {
                const std::uint32_t best = made->survivors.front().ordinal.value;
                return refused("the best survivor, replica " + std::to_string(best) +
                                   ", is scaled away; bring it back with quorate scale " +
                                   std::to_string(best + 1),
                               "recover");
            }
        }
        if (const std::string blocked = blocked_by(config); !blocked.empty())
            return refused("nothing was approved: " + blocked, "recover");
        approve(token);
        return {};
    }

    Result<void> exported(const std::filesystem::path& path) const {
        auto source = journal::open_read_only(config.places.journal);
        if (!source) return tl::unexpected(source.error());
        return journal::export_to_file(**source, path);
    }
};

Service::Service(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
Service::~Service() { shared_->server.reset(); }

Result<std::unique_ptr<Service>> Service::start(const AgentConfig& config,
                                                std::function<void(std::string)> approve) {
    auto shared = std::make_unique<Shared>();
    shared->config = config;
    shared->approve = std::move(approve);
    Shared* raw = shared.get();
    auto server = api::Server::start(
        config.places.socket,
        {[raw] { return raw->status(); },
         [raw](std::uint32_t last, std::optional<EventSeq> event) {
             return raw->recently(last, event);
         },
         [raw] { return raw->plan(); },
         [raw](const std::string& token) { return raw->approved(token); },
         [raw](const std::filesystem::path& path) { return raw->exported(path); }});
    if (!server) return tl::unexpected(server.error());
    shared->server = std::move(*server);
    return std::unique_ptr<Service>(new Service(std::move(shared)));
}

void Service::decided(const Record& record) {
    const api::Explained explained = explained_of(record.event, record.decision);
    // In this order: who begins to follow in between finds it in one of the two.
    {
        const std::lock_guard guard(shared_->mutex);
        shared_->recent.push_back(explained);
        if (shared_->recent.size() > recent_max) shared_->recent.pop_front();
    }
    shared_->server->publish(explained);
}

void Service::publish(const State& state, Surroundings surroundings) {
    const std::lock_guard guard(shared_->mutex);
    shared_->state = state;
    shared_->surroundings = std::move(surroundings);
}

}  // namespace quorate::host
