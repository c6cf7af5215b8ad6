#include "core/machines/volume.hpp"

#include "core/base/mix.hpp"
#include "core/machines/table.hpp"
#include "core/rules/record_edits.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<VolumeState>;

Out one(const State& state, CommandBody command) {
    Out out;
    out.data = state.volume;
    out.data->retry_at = state.now + state.facts.settings.policy.retry_period;
    out.commands.push_back(std::move(command));
    return out;
}

// Drawn from the entropy of this life, so that two lives never announce the same one.
struct announce {
    static Out decide(const State& state, const auto&) {
        const std::uint64_t count = state.volume.nonces + 1;
        const Nonce nonce{mix(state.facts.entropy, count) | 1};
        Out out = one(state, proposed(state, with_announced(state.facts, nonce)));
        out.data->nonce = nonce;
        out.data->nonces = count;
        return out;
    }
};
struct announce_again {
    static Out decide(const State& state, const auto&) {
        return one(state, proposed(state, with_announced(state.facts, state.volume.nonce)));
    }
};
struct stamp {
    static Out decide(const State& state, const auto&) {
        const Facts& facts = state.facts;
        VolumeIdentity identity;
        identity.lineage = facts.record->lineage;
        identity.epoch = facts.record->epoch;
        identity.ordinal = facts.settings.self;
        identity.nonce = state.volume.nonce;
        if (facts.disk) {
            identity.data_seen = facts.disk->shape != DiskShape::empty;
            identity.high_water = facts.disk->last;
        }
        if (facts.settings.policy.record_copies) identity.record = facts.record;
        return one(state, StampVolume{identity});
    }
};
struct confirm {
    static Out decide(const State& state, const auto&) {
        return one(state, proposed(state, with_confirmed(state.facts, state.volume.nonce)));
    }
};
struct done {
    static Out decide(const State& state, const auto&) {
        Out out;
        out.data = state.volume;
        out.data->retry_at = Instant{};
        return out;
    }
};

using open = In<VolumePhase::open>;
using announcing = In<VolumePhase::announcing>;
using stamping = In<VolumePhase::stamping>;
using confirming = In<VolumePhase::confirming>;
using claimed_ = In<VolumePhase::claimed>;
using namespace signal;
using enum RuleId;

struct Volume : MachineDef<Volume, Out> {
    using initial_state = open;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from        signal     to          effect          only if
      Rule<V01, open,       wanted,    announcing, announce,       always>,
      Rule<V02, announcing, untold,    announcing, announce_again, always>,
      Rule<V03, announcing, announced, stamping,   stamp,          always>,
      Rule<V04, stamping,   unstamped, stamping,   stamp,          always>,
      Rule<V05, stamping,   stamped,   confirming, confirm,        always>,
      Rule<V06, confirming, untold,    confirming, confirm,        always>,
      Rule<V07, confirming, confirmed, claimed_,   done,           always>,
      Rule<V08, announcing, let_go,    open,       done,           always>,
      Rule<V09, stamping,   let_go,    open,       done,           always>,
      Rule<V10, confirming, let_go,    open,       done,           always>,
      Rule<V11, claimed_,   let_go,    open,       done,           always>
    > {};
    // clang-format on
};

}  // namespace

VolumeTurn turn_volume(const State& state, const VolumeSignal& signal) {
    return fire<Volume, open, announcing, stamping, confirming, claimed_>(state.volume.phase, state,
                                                                          signal);
}

const char* volume_phase_name(std::uint8_t phase) {
    switch (static_cast<VolumePhase>(phase)) {
        case VolumePhase::open:
            return "open";
        case VolumePhase::announcing:
            return "announcing";
        case VolumePhase::stamping:
            return "stamping";
        case VolumePhase::confirming:
            return "confirming";
        case VolumePhase::claimed:
            return "claimed";
    }
    return "?";
}

std::vector<RowText> volume_rows() { return rows_of<Volume::transition_table>(volume_phase_name); }

}  // namespace quorate
