#include "core/machines/cluster.hpp"

#include "core/machines/table.hpp"
#include "core/rules/record_edits.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<ClusterState>;

Out with(const State& state) {
    Out out;
    out.data = state.cluster;
    out.data->reason.clear();
    out.data->next_step.clear();
    return out;
}

struct note {
    static Out decide(const State& state, const auto&) { return with(state); }
};
// A store that cannot be reached refuses at once: it is asked again at its pace, not at ours (S21).
Instant later(const State& state) { return state.now + state.facts.settings.policy.retry_period; }

struct tell_survivor {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.data->retry_at = later(state);
        out.commands.emplace_back(proposed(state, with_survivor(state.facts)));
        return out;
    }
};
struct park {
    static Out decide(const State& state, const signal::survivors_waited& signal) {
        Out out = with(state);
        out.data->reason = signal.why;
        out.data->next_step = signal.next_step;
        return out;
    }
};
struct order_rebuild {
    static Out decide(const State& state, const signal::approved& signal) {
        Out out;
        out.data = state.cluster;
        out.data->retry_at = later(state);
        out.commands.emplace_back(proposed(state, with_rebuild(state.facts, signal.rebuild)));
        return out;
    }
};

using following = In<ClusterPhase::following>;
using steady = In<ClusterPhase::steady>;
using growing = In<ClusterPhase::growing>;
using shrinking = In<ClusterPhase::shrinking>;
using repairing = In<ClusterPhase::repairing>;
using quorum_lost = In<ClusterPhase::quorum_lost>;
using rebuilding = In<ClusterPhase::rebuilding>;
using parked = In<ClusterPhase::parked>;
using namespace signal;
using enum RuleId;

struct Cluster : MachineDef<Cluster, Out> {
    using initial_state = following;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from         signal            to           effect         only if
      Rule<C01, following,   took_over,        steady,      note,          always>,
      Rule<C02, steady,      grow_next,        growing,     note,          always>,
      Rule<C03, steady,      shrink_next,      shrinking,   note,          always>,
      Rule<C04, steady,      repair_next,      repairing,   note,          always>,
      Rule<C05, growing,     change_closed,    steady,      note,          always>,
      Rule<C06, shrinking,   change_closed,    steady,      note,          always>,
      Rule<C07, repairing,   change_closed,    steady,      note,          always>,
      Rule<C08, steady,      let_go,           following,   note,          always>,
      Rule<C09, growing,     let_go,           following,   note,          always>,
      Rule<C10, shrinking,   let_go,           following,   note,          always>,
      Rule<C11, repairing,   let_go,           following,   note,          always>,
      Rule<C12, following,   quorum_gone,      quorum_lost, note,          always>,
      Rule<C13, steady,      quorum_gone,      quorum_lost, note,          always>,
      Rule<C14, growing,     quorum_gone,      quorum_lost, note,          always>,
      Rule<C15, shrinking,   quorum_gone,      quorum_lost, note,          always>,
      Rule<C16, repairing,   quorum_gone,      quorum_lost, note,          always>,
      Rule<C17, quorum_lost, quorum_back,      following,   note,          always>,
      Rule<C18, quorum_lost, survivor_untold,  quorum_lost, tell_survivor, always>,
      Rule<C19, quorum_lost, survivors_waited, parked,      park,          always>,
      Rule<C20, parked,      quorum_back,      following,   note,          always>,
      Rule<C21, quorum_lost, approved,         quorum_lost, order_rebuild, always>,
      Rule<C22, parked,      approved,         parked,      order_rebuild, always>,
      Rule<C23, quorum_lost, rebuild_ordered,  rebuilding,  note,          always>,
      Rule<C24, parked,      rebuild_ordered,  rebuilding,  note,          always>,
      Rule<C25, rebuilding,  rebuilt,          following,   note,          always>,
      Rule<C26, parked,      survivors_waited, parked,      park,          always>,
      Rule<C27, rebuilding,  survivors_waited, parked,      park,          always>
    > {};
    // clang-format on
};

}  // namespace

ClusterTurn turn_cluster(const State& state, const ClusterSignal& signal) {
    return fire<Cluster, following, steady, growing, shrinking, repairing, quorum_lost, rebuilding,
                parked>(state.cluster.phase, state, signal);
}

const char* cluster_phase_name(std::uint8_t phase) {
    switch (static_cast<ClusterPhase>(phase)) {
        case ClusterPhase::following:
            return "following";
        case ClusterPhase::steady:
            return "steady";
        case ClusterPhase::growing:
            return "growing";
        case ClusterPhase::shrinking:
            return "shrinking";
        case ClusterPhase::repairing:
            return "repairing";
        case ClusterPhase::quorum_lost:
            return "quorum_lost";
        case ClusterPhase::rebuilding:
            return "rebuilding";
        case ClusterPhase::parked:
            return "parked";
    }
    return "?";
}

std::vector<RowText> cluster_rows() {
    return rows_of<Cluster::transition_table>(cluster_phase_name);
}

}  // namespace quorate
