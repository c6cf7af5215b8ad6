#include "core/machines/authority.hpp"

#include "core/machines/table.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<AuthorityState>;

Out with(const State& state) {
    Out out;
    out.data = state.authority;
    out.data->retry_at = Instant{};
    return out;
}

struct acquire {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.data->fence = Fence{};
        out.commands.emplace_back(AcquireAuthority{state.facts.settings.policy.authority_ttl});
        return out;
    }
};
struct hold {
    static Out decide(const State& state, const auto&) { return with(state); }
};
// The one that holds it either does the work or loses the lease.
struct wait {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.data->retry_at = state.now + state.facts.settings.policy.authority_ttl;
        return out;
    }
};
struct release {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.commands.emplace_back(ReleaseAuthority{state.authority.fence});
        return out;
    }
};
// What it was taken for may wait for somebody else, and be visible all the same: it is not asked
// for again at once, and again, at the pace of the store (S21).
struct forget {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.data->fence = Fence{};
        out.data->retry_at = state.now + state.facts.settings.policy.stability_window;
        return out;
    }
};

using without = In<AuthorityPhase::without>;
using acquiring = In<AuthorityPhase::acquiring>;
using holding = In<AuthorityPhase::holding>;
using releasing = In<AuthorityPhase::releasing>;
using namespace signal;
using enum RuleId;

struct Authority : MachineDef<Authority, Out> {
    using initial_state = without;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from       signal          to         effect   only if
      Rule<A01, without,   work_for_us,    acquiring, acquire, always>,
      Rule<A02, acquiring, granted,        holding,   hold,    always>,
      Rule<A03, acquiring, not_granted,    without,   wait,    always>,
      Rule<A04, holding,   work_done,      releasing, release, always>,
      Rule<A05, holding,   authority_lost, without,   wait,    always>,
      Rule<A06, releasing, authority_lost, without,   forget,  always>
    > {};
    // clang-format on
};

}  // namespace

AuthorityTurn turn_authority(const State& state, const AuthoritySignal& signal) {
    return fire<Authority, without, acquiring, holding, releasing>(state.authority.phase, state,
                                                                   signal);
}

const char* authority_phase_name(std::uint8_t phase) {
    switch (static_cast<AuthorityPhase>(phase)) {
        case AuthorityPhase::without:
            return "without";
        case AuthorityPhase::acquiring:
            return "acquiring";
        case AuthorityPhase::holding:
            return "holding";
        case AuthorityPhase::releasing:
            return "releasing";
    }
    return "?";
}

std::vector<RowText> authority_rows() {
    return rows_of<Authority::transition_table>(authority_phase_name);
}

}  // namespace quorate
