#include "core/machines/alarm.hpp"

#include "core/facts/evidence.hpp"
#include "core/machines/table.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<AlarmState>;

struct note {
    static Out decide(const State& state, const auto&) {
        Out out;
        out.data = AlarmState{};
        out.data->since = state.now;
        return out;
    }
};
// Those that were looked into, and no other that may have been raised since.
struct disarm {
    static Out decide(const State& state, const auto&) {
        Out out;
        out.data = state.alarm;
        out.data->retry_at = state.now + state.facts.settings.policy.command_deadline;
        out.commands.emplace_back(DisarmCorrupt{best_via(state.facts).value_or(Ordinal{}),
                                                state.authority.fence, accused(state.facts)});
        return out;
    }
};
struct park {
    static Out decide(const State& state, const signal::nobody_knows& signal) {
        Out out;
        out.data = state.alarm;
        out.data->reason = signal.why;
        out.data->next_step = signal.next_step;
        return out;
    }
};

using clear = In<AlarmPhase::clear>;
using raised = In<AlarmPhase::raised>;
using disarming = In<AlarmPhase::disarming>;
using parked = In<AlarmPhase::parked>;
using namespace signal;
using enum RuleId;

struct Alarm : MachineDef<Alarm, Out> {
    using initial_state = clear;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from       signal          to         effect   only if
      Rule<K01, clear,     alarm_raised,   raised,    note,    always>,
      Rule<K02, raised,    alarm_gone,     clear,     note,    always>,
      Rule<K03, raised,    content_agrees, disarming, disarm,  always>,
      Rule<K04, raised,    nobody_knows,   parked,    park,    always>,
      Rule<K05, disarming, alarm_gone,     clear,     note,    always>,
      Rule<K06, disarming, alarm_raised,   raised,    note,    always>,
      Rule<K07, parked,    alarm_gone,     clear,     note,    always>,
      Rule<K08, parked,    alarm_raised,   raised,    note,    always>
    > {};
    // clang-format on
};

}  // namespace

AlarmTurn turn_alarm(const State& state, const AlarmSignal& signal) {
    return fire<Alarm, clear, raised, disarming, parked>(state.alarm.phase, state, signal);
}

const char* alarm_phase_name(std::uint8_t phase) {
    switch (static_cast<AlarmPhase>(phase)) {
        case AlarmPhase::clear:
            return "clear";
        case AlarmPhase::raised:
            return "raised";
        case AlarmPhase::disarming:
            return "disarming";
        case AlarmPhase::parked:
            return "parked";
    }
    return "?";
}

std::vector<RowText> alarm_rows() { return rows_of<Alarm::transition_table>(alarm_phase_name); }

}  // namespace quorate
