#include "sim/oracles/knowledge.hpp"

#include <string>
#include <variant>

#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// Why this observation cannot have been made here and now; empty: it can.
struct Impossible {
    const World& world;
    std::uint8_t agent;
    std::uint64_t& counted;

    std::string operator()(const ReplicaProbed& seen) const {
        if (!seen.status.answers) return {};
        const std::string why = unheard(seen.ordinal);
        if (!why.empty()) return why;
        const auto o = static_cast<std::uint8_t>(seen.ordinal.value);
        return seen.status.serves && !world.cluster.serves(o) ? "a read that cannot succeed" : "";
    }
    std::string operator()(const MembersSeen&) const { return unheard(Ordinal{agent}); }
    std::string operator()(const DesiredSeen&) const { return without_store(); }
    std::string operator()(const RecordSeen&) const { return without_store(); }
    std::string operator()(const PeerReported& seen) const {
        ++counted;
        const auto from = static_cast<std::uint8_t>(seen.from.value);
        return world.network.linked(agent, from) ? "" : "a report that was cut off";
    }
    std::string operator()(const CommandEnded& ended) const {
        if (std::holds_alternative<AuthorityGranted>(ended.brought)) return without_store();
        if (const auto* compared = std::get_if<ContentCompared>(&ended.brought))
            for (const auto& [ordinal, hash] : compared->hashes)
                if (hash.answered && !hears_process(ordinal)) return "a hash that was cut off";
        return {};
    }
    std::string operator()(const AgentStarted&) const { return {}; }
    std::string operator()(const EtcdExited&) const { return {}; }
    std::string operator()(const AuthorityLost&) const { return {}; }
    std::string operator()(const TimerFired&) const { return {}; }
    std::string operator()(const StopRequested&) const { return {}; }
    std::string operator()(const RecoveryApproved&) const { return {}; }
    std::string operator()(const UnknownObservation&) const { return {}; }

  private:
    std::string unheard(Ordinal of) const {
        ++counted;
        const auto o = static_cast<std::uint8_t>(of.value);
        const bool heard = world.network.linked(agent, o) && world.cluster.process(o).answers();
        return heard ? "" : "an etcd that it does not hear";
    }
    bool hears_process(Ordinal of) const {
        ++counted;
        const auto o = static_cast<std::uint8_t>(of.value);
        return world.network.linked(agent, o) && world.cluster.process(o).up();
    }
    std::string without_store() const {
        ++counted;
        return world.api_admits(agent) ? "" : "a store that it does not reach";
    }
};

}  // namespace

void Knowledge::told(std::uint8_t agent, const Observation& observation) {
    const std::string why =
        std::visit(Impossible{world_, agent, findings_.counts.observations}, observation);
    if (!why.empty())
        findings_.report("S22", name(agent) + " is told of " + why + ": " + name_of(observation));
}

}  // namespace quorate::sim
