#include "core/machines/replica.hpp"

#include "core/facts/evidence.hpp"
#include "core/machines/table.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/record_edits.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<ReplicaState>;

Out one(const State& state, CommandBody command) {
    Out out;
    out.data = state.replica;
    out.data->retry_at = state.now + state.facts.settings.policy.retry_period;
    out.commands.push_back(std::move(command));
    return out;
}
Out write(const State& state, ClusterRecord record) {
    return one(state, proposed(state, std::move(record)));
}
Out settle(const State& state) {
    Out out;
    out.data = state.replica;
    out.data->retry_at = Instant{};
    out.data->reason.clear();
    out.data->next_step.clear();
    return out;
}

struct examine {
    static Out decide(const State& state, const auto&) { return one(state, ExamineDisk{}); }
};
struct tell_empty {
    static Out decide(const State& state, const auto&) {
        Out out = write(state, with_empty_volume(state.facts));
        out.data->told_at = state.now;
        return out;
    }
};
struct put_record_back {
    static Out decide(const State& state, const auto&) { return one(state, put_back(state)); }
};
struct name_founders {
    static Out decide(const State& state, const auto&) {
        return write(state, with_founders(state.facts));
    }
};
struct look {
    static Out decide(const State& state, const auto&) { return settle(state); }
};
struct claim {
    static Out decide(const State& state, const auto&) { return settle(state); }
};
struct serve {
    static Out decide(const State& state, const auto&) {
        Out out = settle(state);
        out.data->exits_seen = state.facts.exits;
        out.data->condemned = false;
        out.data->told_at = state.now;
        return out;
    }
};
struct tell_own_truth {
    static Out decide(const State& state, const auto&) {
        Out out = write(state, with_own_truth(state));
        out.data->told_at = state.now;
        return out;
    }
};
struct note_exit {
    static Out decide(const State& state, const auto&) {
        Out out = settle(state);
        const bool is_news = state.facts.exits != state.replica.exits_seen;
        out.data->exits_seen = state.facts.exits;
        const bool removed = etcd_was_removed(state.facts) && !is_sole_member(state.facts);
        if (is_news && removed && !state.facts.stop_requested) out.data->condemned = true;
        return out;
    }
};
struct condemn {
    static Out decide(const State& state, const signal::condemned& signal) {
        Out out = one(state, SetAsideData{signal.why});
        out.data->exits_seen = state.facts.exits;
        out.data->condemned = true;
        out.data->reason = signal.why;
        return out;
    }
};
struct set_aside {
    static Out decide(const State& state, const signal::not_continuation& signal) {
        Out out = one(state, SetAsideData{signal.why});
        out.data->reason = signal.why;
        return out;
    }
};
// The reason survives: it is what admission is asked for.
struct look_at_what_is_left {
    static Out decide(const State& state, const auto&) {
        Out out;
        out.data = state.replica;
        return out;
    }
};
struct ask_admission {
    static Out decide(const State& state, const signal::needs_admission& signal) {
        Out out = write(state, with_admission_asked(state.facts, signal.why));
        out.data->reason = signal.why;
        return out;
    }
};
struct ask_again {
    static Out decide(const State& state, const signal::untold&) {
        return write(state, with_admission_asked(state.facts, state.replica.reason));
    }
};
// An admission is a new identity: what was held against the old one is settled.
struct take_answer {
    static Out decide(const State& state, const auto&) {
        Out out = settle(state);
        out.data->retry_at = state.replica.retry_at;  // it may be the answer to an earlier request
        const ReplicaEntry* entry = own_entry(state.facts);
        if (entry != nullptr && entry->claim == VolumeClaim::holding) out.data->condemned = false;
        out.data->told_at = state.now;
        return out;
    }
};
struct rebuild {
    static Out decide(const State& state, const auto&) {
        const ClusterRecord& record = *state.facts.record;
        const ReplicaAddress& address =
            state.facts.settings.addresses[state.facts.settings.self.value];
        const Epoch epoch{record.epoch.value + 1};
        Out out =
            one(state, RebuildEtcd{epoch, record.lineage.value + "-" + std::to_string(epoch.value),
                                   address.name, address.peer_url, record.rebuild->bump});
        out.data->condemned = false;  // what comes of it is another member's
        return out;
    }
};
struct open_epoch {
    static Out decide(const State& state, const auto&) {
        return write(state, with_new_epoch(state.facts));
    }
};
struct take_order_back {
    static Out decide(const State& state, const auto&) {
        return write(state, without_rebuild(state.facts));
    }
};
struct tell_final_mark {
    static Out decide(const State& state, const auto&) {
        return write(state, with_final_mark(state.facts));
    }
};
struct leave {
    static Out decide(const State& state, const auto&) {
        return one(state,
                   ExitAgent{departing(state.facts) ? "no longer desired" : "asked to stop"});
    }
};
struct park {
    static Out decide(const State& state, const signal::cannot_continue& signal) {
        Out out = settle(state);
        out.data->reason = signal.why;
        out.data->next_step = signal.next_step;
        return out;
    }
};

using examining = In<ReplicaPhase::examining>;
using gathering = In<ReplicaPhase::gathering>;
using claiming = In<ReplicaPhase::claiming>;
using serving = In<ReplicaPhase::serving>;
using setting_aside = In<ReplicaPhase::setting_aside>;
using awaiting_admission = In<ReplicaPhase::awaiting_admission>;
using rebuilding = In<ReplicaPhase::rebuilding>;
using idle = In<ReplicaPhase::idle>;
using leaving = In<ReplicaPhase::leaving>;
using parked = In<ReplicaPhase::parked>;
using namespace signal;
using enum RuleId;

struct Replica : MachineDef<Replica, Out> {
    using initial_state = examining;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from                signal            to                  effect                only if
      Rule<R01, examining,          unexamined,       examining,          examine,              always>,
      Rule<R02, examining,          nothing_founded,  gathering,          tell_empty,           always>,
      Rule<R03, gathering,          untold,           gathering,          tell_empty,           always>,
      Rule<R04, gathering,          all_told,         gathering,          name_founders,        always>,
      Rule<R05, gathering,          look_again,       examining,          look,                 always>,
      Rule<R06, examining,          may_start,        claiming,           claim,                always>,
      Rule<R07, claiming,           claimed,          serving,            serve,                always>,
      Rule<R08, claiming,           look_again,       examining,          look,                 always>,
      Rule<R09, serving,            untold,           serving,            tell_own_truth,       always>,
      Rule<R10, serving,            child_ended,      examining,          note_exit,            always>,
      Rule<R11, serving,            condemned,        setting_aside,      condemn,              always>,
      Rule<R12, examining,          not_continuation, setting_aside,      set_aside,            always>,
      Rule<R13, setting_aside,      look_again,       examining,          look_at_what_is_left, always>,
      Rule<R14, examining,          needs_admission,  awaiting_admission, ask_admission,        always>,
      Rule<R15, awaiting_admission, untold,           awaiting_admission, ask_again,            always>,
      Rule<R16, awaiting_admission, look_again,       examining,          take_answer,          always>,
      Rule<R17, examining,          must_wait,        idle,               look,                 always>,
      Rule<R18, idle,               look_again,       examining,          look,                 always>,
      Rule<R19, examining,          chosen,           rebuilding,         rebuild,              always>,
      Rule<R20, rebuilding,         unrebuilt,        rebuilding,         rebuild,              always>,
      Rule<R21, rebuilding,         untold,           rebuilding,         open_epoch,           always>,
      Rule<R22, rebuilding,         look_again,       examining,          look,                 always>,
      Rule<R23, examining,          untold,           examining,          tell_final_mark,      always>,
      Rule<R24, examining,          stop_asked,       leaving,            leave,                always>,
      Rule<R25, examining,          cannot_continue,  parked,             park,                 always>,
      Rule<R26, parked,             look_again,       examining,          look,                 always>,
      Rule<R27, serving,            record_behind,    serving,            put_record_back,      always>,
      Rule<R28, examining,          record_behind,    examining,          put_record_back,      always>,
      Rule<R29, examining,          order_falls_short, examining,         take_order_back,      always>
    > {};
    // clang-format on
};

}  // namespace

ReplicaTurn turn_replica(const State& state, const ReplicaSignal& signal) {
    return fire<Replica, examining, gathering, claiming, serving, setting_aside, awaiting_admission,
                rebuilding, idle, leaving, parked>(state.replica.phase, state, signal);
}

const char* replica_phase_name(std::uint8_t phase) {
    switch (static_cast<ReplicaPhase>(phase)) {
        case ReplicaPhase::examining:
            return "examining";
        case ReplicaPhase::gathering:
            return "gathering";
        case ReplicaPhase::claiming:
            return "claiming";
        case ReplicaPhase::serving:
            return "serving";
        case ReplicaPhase::setting_aside:
            return "setting_aside";
        case ReplicaPhase::awaiting_admission:
            return "awaiting_admission";
        case ReplicaPhase::rebuilding:
            return "rebuilding";
        case ReplicaPhase::idle:
            return "idle";
        case ReplicaPhase::leaving:
            return "leaving";
        case ReplicaPhase::parked:
            return "parked";
    }
    return "?";
}

std::vector<RowText> replica_rows() {
    return rows_of<Replica::transition_table>(replica_phase_name);
}

}  // namespace quorate
