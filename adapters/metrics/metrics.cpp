#include "adapters/metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "core/explain.hpp"
#include "core/rules/readiness.hpp"

namespace quorate::metrics {

struct Metrics::Families {
    explicit Families(Ordinal self) : label{{"replica", std::to_string(self.value)}} {}

    prometheus::Gauge& gauge(const std::string& name, const std::string& help) const {
        return prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add(label);
    }
    prometheus::Family<prometheus::Counter>& counters(const std::string& name,
                                                      const std::string& help) const {
        return prometheus::BuildCounter().Name(name).Help(help).Register(*registry);
    }

    std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
    prometheus::Labels label;

    prometheus::Gauge& ready =
        gauge("quorate_ready",
              "1 when this member serves linearizable reads and its content is not in doubt");
    prometheus::Gauge& etcd_running = gauge("quorate_etcd_running", "1 while the etcd child runs");
    prometheus::Gauge& etcd_exits =
        gauge("quorate_etcd_exits", "exits of etcd in this life of the agent");
    prometheus::Gauge& authority =
        gauge("quorate_authority", "1 while this agent may change membership");
    prometheus::Gauge& parked = gauge("quorate_parked", "1 while the agent waits for a person");
    prometheus::Gauge& desired = gauge("quorate_desired_replicas", "replicas that are desired");
    prometheus::Gauge& event = gauge("quorate_event_seq", "number of the last journaled event");
    prometheus::Family<prometheus::Counter>& rules =
        counters("quorate_rules_total", "rules taken, by id and verdict");
    prometheus::Family<prometheus::Counter>& commands =
        counters("quorate_commands_total", "commands issued, by name");
    prometheus::Family<prometheus::Counter>& peer_reports =
        counters("quorate_peer_reports_total", "reports of other agents, by replica");
    prometheus::Family<prometheus::Counter>& peer_refusals =
        counters("quorate_peer_reports_refused_total",
                 "reports between agents that were refused, by reason");
};

Metrics::Metrics(Ordinal self) : families_(std::make_unique<Families>(self)) {}
Metrics::~Metrics() = default;

std::string Metrics::text() const {
    return prometheus::TextSerializer().Serialize(families_->registry->Collect());
}

void Metrics::decided(const Decision& decision) {
    for (const RuleHit& hit : decision.hits)
        families_->rules
            .Add({{"rule", rule_name(hit.rule)},
                  {"verdict", hit.verdict == Verdict::taken ? "taken" : "refused"}})
            .Increment();
    for (const Command& command : decision.commands)
        families_->commands.Add({{"command", name_of(command.body)}}).Increment();
}

void Metrics::peer_heard(Ordinal peer) {
    families_->peer_reports.Add({{"peer", std::to_string(peer.value)}}).Increment();
}

void Metrics::peer_refused(const char* why) {
    families_->peer_refusals.Add({{"reason", why}}).Increment();
}

void Metrics::control_plane_is(bool running, std::uint32_t exits) {
    families_->gauge("quorate_control_plane_running", "1 while the control plane runs")
        .Set(running ? 1 : 0);
    families_
        ->gauge("quorate_control_plane_exits",
                "exits of the control plane by itself, in this life of the agent")
        .Set(exits);
}

void Metrics::certificate_ends(const std::string& name, Instant wall) {
    prometheus::Labels labels = families_->label;
    labels["certificate"] = name;
    prometheus::BuildGauge()
        .Name("quorate_certificate_expires_timestamp_seconds")
        .Help("when the certificate expires, in seconds since 1970")
        .Register(*families_->registry)
        .Add(labels)
        .Set(static_cast<double>(wall.us) / 1e6);
}

void Metrics::state_is(const State& state) {
    const Facts& facts = state.facts;
    const ProbeFact* own = facts.probes.find(facts.settings.self);
    families_->ready.Set(own != nullptr && is_ready(state, own->status) ? 1 : 0);
    families_->etcd_running.Set(facts.etcd_running ? 1 : 0);
    families_->etcd_exits.Set(facts.exits);
    families_->authority.Set(state.authority.phase == AuthorityPhase::holding ? 1 : 0);
    const bool parked =
        state.replica.phase == ReplicaPhase::parked || state.cluster.phase == ClusterPhase::parked ||
        state.alarm.phase == AlarmPhase::parked || state.space.phase == SpacePhase::parked;
    families_->parked.Set(parked ? 1 : 0);
    families_->desired.Set(facts.desired ? facts.desired->replicas : 0);
    families_->event.Set(static_cast<double>(state.seq.value));
}

}  // namespace quorate::metrics
