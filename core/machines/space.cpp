#include "core/machines/space.hpp"

#include "core/facts/evidence.hpp"
#include "core/machines/table.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<SpaceState>;

Out one(const State& state, CommandBody command) {
    Out out;
    out.data = state.space;
    out.data->since = state.now;
    out.data->retry_at = state.now + state.facts.settings.policy.retry_period;
    out.commands.push_back(std::move(command));
    return out;
}
Ordinal via(const State& state) { return best_via(state.facts).value_or(Ordinal{}); }

// From the beginning: what an earlier alarm, or another authority, did is done.
struct note {
    static Out decide(const State& state, const auto&) {
        Out out;
        out.data = SpaceState{};
        out.data->since = state.now;
        return out;
    }
};
struct go_on {
    static Out decide(const State& state, const auto&) {
        Out out;
        out.data = state.space;
        out.data->since = state.now;
        return out;
    }
};
struct compact {
    static Out decide(const State& state, const signal::may_compact& signal) {
        Out out = one(state, Compact{via(state), signal.at, state.authority.fence});
        out.data->compacting_at = signal.at;
        return out;
    }
};
struct count_compaction {
    static Out decide(const State& state, const auto& signal) {
        Out out = go_on::decide(state, signal);
        ++out.data->compactions;
        out.data->defragmented.clear();
        return out;
    }
};
struct defragment {
    static Out decide(const State& state, const signal::fragmented& signal) {
        return one(state, Defragment{signal.replica, state.authority.fence});
    }
};
struct disarm {
    static Out decide(const State& state, const auto&) {
        return one(state, DisarmNospace{via(state), state.authority.fence});
    }
};
struct park {
    static Out decide(const State& state, const signal::nothing_helps& signal) {
        Out out = go_on::decide(state, signal);
        out.data->reason = signal.why;
        out.data->next_step = signal.next_step;
        return out;
    }
};

using enough = In<SpacePhase::enough>;
using wanting = In<SpacePhase::wanting>;
using compacting = In<SpacePhase::compacting>;
using defragmenting = In<SpacePhase::defragmenting>;
using disarming = In<SpacePhase::disarming>;
using parked = In<SpacePhase::parked>;
using namespace signal;
using enum RuleId;

struct Space : MachineDef<Space, Out> {
    using initial_state = enough;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from           signal          to             effect            only if
      Rule<B01, enough,        short_of_space, wanting,       note,             always>,
      Rule<B02, wanting,       may_compact,    compacting,    compact,          always>,
      Rule<B03, compacting,    may_compact,    compacting,    compact,          always>,
      Rule<B04, compacting,    compacted,      defragmenting, count_compaction, always>,
      Rule<B05, defragmenting, fragmented,     defragmenting, defragment,       always>,
      Rule<B06, defragmenting, has_room,       disarming,     disarm,           always>,
      Rule<B07, defragmenting, still_full,     wanting,       go_on,            always>,
      Rule<B08, defragmenting, nothing_helps,  parked,        park,             always>,
      Rule<B09, disarming,     has_room,       disarming,     disarm,           always>,
      Rule<B10, parked,        has_room,       wanting,       note,             always>,
      Rule<B11, wanting,       space_back,     enough,        note,             always>,
      Rule<B12, compacting,    space_back,     enough,        note,             always>,
      Rule<B13, defragmenting, space_back,     enough,        note,             always>,
      Rule<B14, disarming,     space_back,     enough,        note,             always>,
      Rule<B15, parked,        space_back,     enough,        note,             always>,
      Rule<B16, compacting,    let_go,         wanting,       note,             always>,
      Rule<B17, defragmenting, let_go,         wanting,       note,             always>,
      Rule<B18, disarming,     let_go,         wanting,       note,             always>,
      Rule<B19, disarming,     still_full,     wanting,       note,             always>
    > {};
    // clang-format on
};

}  // namespace

SpaceTurn turn_space(const State& state, const SpaceSignal& signal) {
    return fire<Space, enough, wanting, compacting, defragmenting, disarming, parked>(
        state.space.phase, state, signal);
}

const char* space_phase_name(std::uint8_t phase) {
    switch (static_cast<SpacePhase>(phase)) {
        case SpacePhase::enough:
            return "enough";
        case SpacePhase::wanting:
            return "wanting";
        case SpacePhase::compacting:
            return "compacting";
        case SpacePhase::defragmenting:
            return "defragmenting";
        case SpacePhase::disarming:
            return "disarming";
        case SpacePhase::parked:
            return "parked";
    }
    return "?";
}

std::vector<RowText> space_rows() { return rows_of<Space::transition_table>(space_phase_name); }

}  // namespace quorate
