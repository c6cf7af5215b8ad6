#include "core/machines/process.hpp"

#include <algorithm>

#include "core/machines/table.hpp"
#include "core/rules/backoff.hpp"
#include "core/rules/etcd_versions.hpp"
#include "core/rules/record_edits.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<ProcessState>;

Out with(const State& state) {
    Out out;
    out.data = state.process;
    out.data->retry_at = Instant{};
    return out;
}

struct spawn {
    static Out decide(const State& state, const auto&) {
        const Facts& facts = state.facts;
        const ClusterRecord& record = *facts.record;
        const ReplicaEntry& entry = *record.replicas.find(facts.settings.self);
        StartEtcd start;
        start.name = facts.settings.addresses[facts.settings.self.value].name;
        start.founding = entry.initial_cluster.empty();
        start.initial_cluster =
            start.founding ? initial_cluster(facts, record.founders) : entry.initial_cluster;
        start.token = record.token;
        start.flags = flags_for(facts.settings.etcd_version);
        Out out = with(state);
        out.commands.emplace_back(start);
        return out;
    }
};
struct wait_longer {
    static Out decide(const State& state, const auto&) {
        const Policy& policy = state.facts.settings.policy;
        Out out = with(state);
        ++out.data->failures;
        out.data->retry_at =
            state.now +
            backoff({policy.restart_backoff_min, policy.restart_backoff_max}, out.data->failures);
        return out;
    }
};
struct note_ready {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.data->failures = 0;
        return out;
    }
};
struct stop {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.data->retry_at = state.now + state.facts.settings.policy.stop_grace * 2;
        out.commands.emplace_back(StopEtcd{state.facts.settings.policy.stop_grace});
        return out;
    }
};
struct rest {
    static Out decide(const State& state, const auto&) { return with(state); }
};

using stopped = In<ProcessPhase::stopped>;
using starting = In<ProcessPhase::starting>;
using serving = In<ProcessPhase::serving>;
using draining = In<ProcessPhase::draining>;
using backing_off = In<ProcessPhase::backing_off>;
using namespace signal;
using enum RuleId;

struct Process : MachineDef<Process, Out> {
    using initial_state = stopped;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from         signal        to           effect       only if
      Rule<P01, stopped,     wanted,       starting,    spawn,       always>,
      Rule<P02, starting,    ready,        serving,     note_ready,  always>,
      Rule<P03, starting,    exited,       backing_off, wait_longer, always>,
      Rule<P04, serving,     exited,       backing_off, wait_longer, always>,
      Rule<P05, backing_off, wanted,       starting,    spawn,       always>,
      Rule<P06, starting,    let_go,       draining,    stop,        always>,
      Rule<P07, serving,     let_go,       draining,    stop,        always>,
      Rule<P08, draining,    exited,       stopped,     rest,        always>,
      Rule<P09, draining,    let_go,       draining,    stop,        always>,
      Rule<P10, starting,    spawn_failed, backing_off, wait_longer, always>
    > {};
    // clang-format on
};

}  // namespace

ProcessTurn turn_process(const State& state, const ProcessSignal& signal) {
    return fire<Process, stopped, starting, serving, draining, backing_off>(state.process.phase,
                                                                            state, signal);
}

const char* process_phase_name(std::uint8_t phase) {
    switch (static_cast<ProcessPhase>(phase)) {
        case ProcessPhase::stopped:
            return "stopped";
        case ProcessPhase::starting:
            return "starting";
        case ProcessPhase::serving:
            return "serving";
        case ProcessPhase::draining:
            return "draining";
        case ProcessPhase::backing_off:
            return "backing_off";
    }
    return "?";
}

std::vector<RowText> process_rows() {
    return rows_of<Process::transition_table>(process_phase_name);
}

}  // namespace quorate
