#include "core/machines/repair.hpp"

#include "core/facts/evidence.hpp"
#include "core/machines/table.hpp"
#include "core/rules/quorum.hpp"
#include "core/rules/record_edits.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<RepairState>;

Out with(const State& state) {
    Out out;
    out.data = state.repair;
    return out;
}
Out one(const State& state, CommandBody command) {
    Out out = with(state);
    out.data->retry_at = state.now + state.facts.settings.policy.retry_period;
    out.commands.push_back(std::move(command));
    return out;
}
Ordinal via(const State& state) {
    return best_via(state.facts).value_or(state.facts.settings.self);
}
Fence fence(const State& state) { return state.authority.fence; }

struct open_removal {
    static Out decide(const State& state, const signal::begin_removal& signal) {
        Out out = with(state);
        *out.data = RepairState{};
        out.data->ordinal = signal.ordinal;
        out.data->member_id = signal.member_id;
        out.data->progress = state.now;
        return out;
    }
};
struct open_admission {
    static Out decide(const State& state, const signal::begin_admission& signal) {
        Out out = with(state);
        *out.data = RepairState{};
        out.data->ordinal = signal.ordinal;
        out.data->member_id = signal.member_id;
        out.data->progress = state.now;
        return out;
    }
};
struct move_leader {
    static Out decide(const State& state, const signal::leads& signal) {
        return one(state, MoveLeader{state.repair.ordinal, signal.heir, fence(state)});
    }
};
struct note {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.data->retry_at = Instant{};
        return out;
    }
};
struct remove {
    static Out decide(const State& state, const auto&) {
        return one(state, RemoveMember{via(state), state.repair.member_id, fence(state)});
    }
};
struct expel {
    static Out decide(const State& state, const auto&) {
        return one(state, proposed(state, with_expelled(state.facts, state.repair.ordinal)));
    }
};
struct add {
    static Out decide(const State& state, const auto&) {
        const Facts& facts = state.facts;
        return one(state, AddLearner{via(state), state.repair.ordinal,
                                     facts.settings.addresses[state.repair.ordinal.value].peer_url,
                                     fence(state)});
    }
};
struct admit {
    static Out decide(const State& state, const auto& signal) {
        MemberId id = state.repair.member_id;
        if constexpr (requires { signal.member_id; }) id = signal.member_id;
        Out out =
            one(state, proposed(state, with_admission(state.facts, state.repair.ordinal, id)));
        out.data->member_id = id;
        return out;
    }
};
struct await_learner {
    static Out decide(const State& state, const auto&) {
        Out out = with(state);
        out.data->progress = state.now;
        out.data->retry_at = Instant{};
        return out;
    }
};
// Only on the way to the goal: one that is there and still cannot be promoted has the limit left,
// and so has one for which no leader tells a goal, or writes alone would keep it in hand for ever.
void note_progress(const State& state, RepairState& repair) {
    if (!state.facts.content || repair.reached >= repair.goal) return;
    const ContentHash* mine = state.facts.content->hashes.find(repair.ordinal);
    if (mine == nullptr || !mine->answered || mine->revision <= repair.reached) return;
    repair.reached = mine->revision;
    repair.progress = state.now;
}
// The leader's revision when the learner is first compared, and then an index that the leader told
// after that: its log up to there made that revision.
void note_goal(const State& state, RepairState& repair) {
    const Facts& facts = state.facts;
    const auto leader = leader_of(facts);
    if (!leader || !facts.content || facts.content_at < repair.since) return;
    const ContentHash* theirs = facts.content->hashes.find(*leader);
    if (repair.goal == Revision{} && theirs != nullptr && theirs->answered)
        repair.goal = theirs->revision;
    const ProbeFact* probe = facts.probes.find(*leader);
    if (repair.goal != Revision{} && repair.goal_index == LogIndex{} &&
        probe->at > facts.content_at)
        repair.goal_index = probe->status.index;
}
struct compare {
    static Out decide(const State& state, const auto&) {
        Out out = one(state, CompareContent{{via(state), state.repair.ordinal}});
        out.data->retry_at = state.now + state.facts.settings.policy.catch_up_period;
        note_progress(state, *out.data);
        note_goal(state, *out.data);
        return out;
    }
};
struct promote {
    static Out decide(const State& state, const auto&) {
        return one(state, PromoteMember{via(state), state.repair.member_id, fence(state)});
    }
};
struct close {
    static Out decide(const State&, const auto&) {
        Out out;
        out.data = RepairState{};
        return out;
    }
};

// S1, asked again at the last moment: the plan may be a few events old.
struct quorum_stays {
    static bool holds(const State& state, const auto&) {
        const Facts& facts = state.facts;
        if (!list_is_evidence(state)) return false;
        std::size_t voters = 0;
        std::size_t live_others = 0;
        bool voter =
            false;  // one that is listed no more has no vote to lose: only the record names it
        for (const ListedMember& member : facts.list->members) {
            if (member.learner) continue;
            if (member.id == state.repair.member_id) voter = true;
            ++voters;
            const MemberState* known = state.members.find(member.id);
            const bool live = known != nullptr && known->phase == MemberPhase::voting;
            if (live && member.id != state.repair.member_id) ++live_others;
        }
        return !voter || removal_keeps_quorum(voters, live_others);
    }
};
struct fresh_list {
    static bool holds(const State& state, const auto&) { return list_is_evidence(state); }
};
// S9: the learner still answers under the id that was added, and the record knows that it has run:
// a voter that loses its volume unnoticed could vote twice (S5).
struct still_learner {
    static bool holds(const State& state, const auto&) {
        const ProbeFact* probe = state.facts.probes.find(state.repair.ordinal);
        const ReplicaEntry* entry = state.facts.record->replicas.find(state.repair.ordinal);
        return probe != nullptr && probe->status.answers &&
               probe->status.member_id == state.repair.member_id && entry != nullptr &&
               entry->high_water != LogPosition{};
    }
};

using idle = In<RepairPhase::idle>;
using fencing = In<RepairPhase::fencing>;
using removing = In<RepairPhase::removing>;
using wiping = In<RepairPhase::wiping>;
using adding = In<RepairPhase::adding>;
using admitting = In<RepairPhase::admitting>;
using catching_up = In<RepairPhase::catching_up>;
using promoting = In<RepairPhase::promoting>;
using verifying = In<RepairPhase::verifying>;
using namespace signal;
using signal::serves;  // not the question of evidence.hpp
using enum RuleId;

struct Repair : MachineDef<Repair, Out> {
    using initial_state = idle;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from         signal           to           effect          only if
      Rule<H01, idle,        begin_removal,   fencing,     open_removal,   always>,
      Rule<H02, fencing,     leads,           fencing,     move_leader,    always>,
      Rule<H03, fencing,     leads_not,       removing,    remove,         quorum_stays>,
      Rule<H04, removing,    listed_voter,    removing,    remove,         quorum_stays>,
      Rule<H05, removing,    listed_learner,  removing,    remove,         fresh_list>,
      Rule<H06, removing,    unlisted,        wiping,      expel,          always>,
      Rule<H07, wiping,      untold,          wiping,      expel,          always>,
      Rule<H08, wiping,      told,            idle,        close,          always>,
      Rule<H09, idle,        begin_admission, adding,      open_admission, always>,
      Rule<H10, adding,      unlisted,        adding,      add,            fresh_list>,
      Rule<H11, adding,      listed_learner,  admitting,   admit,          fresh_list>,
      Rule<H12, adding,      let_go,          idle,        close,          always>,
      Rule<H13, admitting,   untold,          admitting,   admit,          fresh_list>,
      Rule<H14, admitting,   told,            catching_up, await_learner,  always>,
      Rule<H15, catching_up, content_behind,  catching_up, compare,        always>,
      Rule<H16, catching_up, content_equal,   promoting,   promote,        still_learner>,
      Rule<H17, catching_up, stuck,           removing,    remove,         quorum_stays>,
      Rule<H18, promoting,   listed_learner,  catching_up, compare,        always>,
      Rule<H19, promoting,   listed_voter,    verifying,   await_learner,  always>,
      Rule<H20, verifying,   serves,          idle,        close,          always>,
      Rule<H21, verifying,   stuck,           idle,        close,          always>,
      Rule<H22, catching_up, unlisted,        wiping,      expel,          always>,
      Rule<H23, promoting,   unlisted,        wiping,      expel,          always>,
      Rule<H24, catching_up, listed_voter,    verifying,   await_learner,  always>,
      Rule<H25, removing,    let_go,          idle,        close,          always>,
      Rule<H26, fencing,     let_go,          idle,        close,          always>,
      Rule<H27, catching_up, content_differs, removing,    remove,         fresh_list>,
      Rule<H28, verifying,   unlisted,        wiping,      expel,          always>
    > {};
    // clang-format on
};

}  // namespace

RepairTurn turn_repair(const State& state, const RepairSignal& signal) {
    return fire<Repair, idle, fencing, removing, wiping, adding, admitting, catching_up, promoting,
                verifying>(state.repair.phase, state, signal);
}

const char* repair_phase_name(std::uint8_t phase) {
    switch (static_cast<RepairPhase>(phase)) {
        case RepairPhase::idle:
            return "idle";
        case RepairPhase::fencing:
            return "fencing";
        case RepairPhase::removing:
            return "removing";
        case RepairPhase::wiping:
            return "wiping";
        case RepairPhase::adding:
            return "adding";
        case RepairPhase::admitting:
            return "admitting";
        case RepairPhase::catching_up:
            return "catching_up";
        case RepairPhase::promoting:
            return "promoting";
        case RepairPhase::verifying:
            return "verifying";
    }
    return "?";
}

std::vector<RowText> repair_rows() { return rows_of<Repair::transition_table>(repair_phase_name); }

}  // namespace quorate
