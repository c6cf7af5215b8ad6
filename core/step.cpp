#include "core/step.hpp"

#include <algorithm>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/limits.hpp"
#include "core/facts/evidence.hpp"
#include "core/facts/fold.hpp"
#include "core/machines/alarm.hpp"
#include "core/machines/authority.hpp"
#include "core/machines/cluster.hpp"
#include "core/machines/member.hpp"
#include "core/machines/process.hpp"
#include "core/machines/repair.hpp"
#include "core/machines/replica.hpp"
#include "core/machines/space.hpp"
#include "core/machines/volume.hpp"
#include "core/rules/content.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/looking.hpp"
#include "core/rules/membership_plan.hpp"
#include "core/rules/needs.hpp"
#include "core/rules/signals.hpp"
#include "core/rules/space.hpp"

namespace quorate {
namespace {

// One event's work: the state as it becomes, and the decision as it grows.
class Stepping {
  public:
    Stepping(State& state, Decision& decision) : state_(state), decision_(decision) {}

    void run() {
        for (int round = 0; round < limits::turns_per_event_max; ++round) {
            track_members();
            track_work();
            const bool moved = turn_all();
            if (!moved) return;
        }
        // Two rules undo each other: stop acting rather than spin (S21).
        halt("rules do not come to rest");
        park();
    }

    void look() {
        for (Look& look : wanted_looks(state_)) {
            if (const auto* probe = std::get_if<ProbeReplicas>(&look.command))
                probe_only(probe->replicas);
            if (std::holds_alternative<AskPeers>(look.command))
                state_.facts.peers_asked_at = state_.now;
            decision_.hits.push_back(
                {look.rule, Machine::look, Verdict::taken, 0, 0, std::nullopt, {}});
            issue(std::move(look.command));
        }
        const auto wake = next_wake(state_);
        if (wake && wake != state_.wake_at) {
            state_.wake_at = wake;
            issue(WakeAt{*wake});
        }
    }

  private:
    void probe_only(const std::vector<Ordinal>& replicas) {
        state_.probed = replicas;
        forget_unprobed(state_);
    }

    bool turn_all() {
        bool moved = false;
        if (const auto signal = read_replica(state_))
            moved |= apply(Machine::replica, state_.replica, turn_replica(state_, *signal),
                           subject(), detail_of(*signal));
        if (const auto signal = read_volume(state_))
            moved |= apply(Machine::volume, state_.volume, turn_volume(state_, *signal), subject());
        if (const auto signal = read_process(state_))
            moved |= apply(Machine::process, state_.process, turn_process(state_, *signal),
                           subject(), exit_detail(*signal));
        const bool halted = !state_.facts.unknown_event.empty();
        for (std::size_t i = 0; i < state_.members.size() && !halted; ++i)
            moved |= turn_one_member(i);
        if (const auto signal = read_authority(state_))
            moved |= apply(Machine::authority, state_.authority, turn_authority(state_, *signal),
                           subject());
        if (!halted) moved |= turn_what_acts_on_the_cluster();
        return moved;
    }

    bool turn_what_acts_on_the_cluster() {
        bool moved = false;
        if (const auto signal = read_alarm(state_))
            moved |= apply(Machine::alarm, state_.alarm, turn_alarm(state_, *signal), std::nullopt,
                           alarm_detail(*signal));
        if (const auto signal = read_space(state_))
            moved |= apply(Machine::space, state_.space, turn_space(state_, *signal),
                           space_subject(*signal), space_detail(*signal));
        if (const auto signal = read_cluster(state_)) {
            const ClusterPhase before = state_.cluster.phase;
            moved |= apply(Machine::cluster, state_.cluster, turn_cluster(state_, *signal),
                           std::nullopt, plan_detail());
            if (before != state_.cluster.phase) state_.cluster.since = state_.now;
            if (lets_go_of_repair(before)) state_.repair = RepairState{};
        }
        if (const auto signal = read_repair(state_)) {
            const RepairPhase before = state_.repair.phase;
            const Ordinal about = repair_subject(*signal);
            moved |= apply(Machine::repair, state_.repair, turn_repair(state_, *signal), about);
            if (before != state_.repair.phase) {
                state_.repair.since = state_.now;
                state_.facts.content.reset();
            }
        }
        return moved;
    }

    // A change in hand belongs to the phases that make changes; its next step is found again from
    // the list and the record by whoever has authority next.
    bool lets_go_of_repair(ClusterPhase before) const {
        const ClusterPhase now = state_.cluster.phase;
        return now != before &&
               (now == ClusterPhase::following || now == ClusterPhase::quorum_lost);
    }

    bool turn_one_member(std::size_t index) {
        auto& [id, member] = *(state_.members.begin() + static_cast<std::ptrdiff_t>(index));
        const auto signal = read_member(state_, id);
        if (!signal) return false;
        const MemberPhase before = member.phase;
        const bool moved =
            apply(Machine::member, member, turn_member(state_, id, *signal), member.ordinal);
        if (member.phase != before) member.since = state_.now;
        return moved;
    }

    template <class Data, class T>
    bool apply(Machine machine, Data& data, T turn, std::optional<Ordinal> about,
               std::string detail = {}) {
        RuleHit hit;
        hit.rule = turn.rule.value_or(RuleId::R01);
        hit.machine = machine;
        hit.verdict = turn.verdict;
        hit.from = static_cast<std::uint8_t>(data.phase);
        hit.to = static_cast<std::uint8_t>(turn.phase);
        hit.subject = about;
        hit.detail = std::move(detail);
        if (turn.verdict == Verdict::refused) hit.to = hit.from;
        decision_.hits.push_back(std::move(hit));
        if (turn.verdict == Verdict::no_row) {
            halt("a pair of phase and signal that has no rule (machine " +
                 std::to_string(static_cast<int>(machine)) + ")");
            return false;
        }
        if (turn.verdict == Verdict::refused) return false;
        if (turn.effects.data) data = *turn.effects.data;
        data.phase = turn.phase;
        for (CommandBody& command : turn.effects.commands)
            issue(std::move(command));
        return true;
    }

    // A table that would destroy on a hint is mistaken: nothing more is decided by it (S12).
    bool known_well_enough(const CommandBody& body) {
        const MustKnow* need = unmet_need(state_, body);
        if (need == nullptr) return true;
        const Evidence known = evidence_of(state_, need->subject);
        halt(std::string(name_of(body)) + " " + text_of(*need, known));
        return false;
    }

    void issue(CommandBody body) {
        if (!known_well_enough(body)) return;
        if (std::holds_alternative<ExitAgent>(body)) state_.exiting = true;
        Command command;
        command.id = CommandId{state_.last_command.value + 1};
        command.deadline = state_.now + deadline_of(body);
        command.body = std::move(body);
        state_.last_command = command.id;
        if (has_outcome(command.body)) {
            QUORATE_REQUIRE(state_.in_flight.size() < limits::in_flight_max);
            state_.in_flight[command.id] = command;
        }
        decision_.commands.push_back(std::move(command));
    }

    Span deadline_of(const CommandBody& body) const {
        const Policy& policy = state_.facts.settings.policy;
        if (std::holds_alternative<RebuildEtcd>(body) || std::holds_alternative<Compact>(body) ||
            std::holds_alternative<Defragment>(body))
            return policy.command_deadline * 30;
        if (std::holds_alternative<StopEtcd>(body)) return policy.stop_grace * 2;
        if (std::holds_alternative<ExamineDisk>(body)) return policy.command_deadline * 6;
        return policy.command_deadline;
    }

    // Members follow the newest list this agent has; new ones begin unknown.
    void track_members() {
        const Facts& facts = state_.facts;
        const MemberList* list = newest_list(facts);
        if (list == nullptr) return;
        std::vector<MemberId> gone;
        for (const auto& [id, member] : state_.members) {
            // A member that was given another replica's peer URL is judged from the beginning.
            const ListedMember* listed = find_member(*list, id);
            if (listed == nullptr || ordinal_of(facts, *listed) != member.ordinal)
                gone.push_back(id);
        }
        for (const MemberId id : gone)
            state_.members.erase(id);
        for (const ListedMember& listed : list->members) {
            const auto ordinal = ordinal_of(facts, listed);
            if (!ordinal || state_.members.contains(listed.id)) continue;
            MemberState& member = state_.members[listed.id];
            member.ordinal = *ordinal;
            member.since = state_.now;
        }
    }

    void track_work() {
        const auto view = plan_view(state_);
        bool work = work_is_visible(state_);
        if (state_.authority.phase == AuthorityPhase::holding && view) {
            const PlanKind kind = plan_membership(*view).kind;
            work = (kind != PlanKind::nothing && kind != PlanKind::wait) || doubt_is_work(state_) ||
                   space_is_work(state_);
        }
        if (!work)
            state_.authority.work_since.reset();
        else if (!state_.authority.work_since)
            state_.authority.work_since = state_.now;
    }

    // Nothing is decided beyond this replica any more. An etcd that serves goes on: the same
    // mistake may be met by all agents, and must not cost the cluster its quorum.
    void halt(std::string why) {
        state_.facts.unknown_event = std::move(why);
        if (state_.replica.phase != ReplicaPhase::serving) park();
    }
    void park() {
        state_.replica.phase = ReplicaPhase::parked;
        state_.replica.reason = state_.facts.unknown_event;
        state_.replica.next_step = "report this with the journal";
    }

    Ordinal subject() const { return state_.facts.settings.self; }

    Ordinal repair_subject(const RepairSignal& signal) const {
        if (const auto* begin = std::get_if<signal::begin_removal>(&signal)) return begin->ordinal;
        if (const auto* begin = std::get_if<signal::begin_admission>(&signal))
            return begin->ordinal;
        return state_.repair.ordinal;
    }

    template <class Signal>
    static std::string words(const Signal& signal) {
        return signal.detail.empty() ? signal.why : signal.why + ": " + signal.detail;
    }
    static std::string detail_of(const ReplicaSignal& signal) {
        if (const auto* one = std::get_if<signal::condemned>(&signal)) return one->why;
        if (const auto* one = std::get_if<signal::not_continuation>(&signal)) return words(*one);
        if (const auto* one = std::get_if<signal::needs_admission>(&signal)) return words(*one);
        if (const auto* one = std::get_if<signal::cannot_continue>(&signal)) return one->why;
        return {};
    }

    std::string exit_detail(const ProcessSignal& signal) const {
        const Facts& facts = state_.facts;
        if (!std::holds_alternative<signal::exited>(signal)) return {};
        const bool by_itself = facts.last_exit && !facts.etcd_running &&
                               facts.last_exit->exit_class != ExitClass::stopped;
        return by_itself ? facts.last_exit->last_line.substr(0, limits::detail_max) : std::string();
    }

    static std::string alarm_detail(const AlarmSignal& signal) {
        const auto* one = std::get_if<signal::nobody_knows>(&signal);
        return one != nullptr ? one->why : std::string();
    }

    static std::optional<Ordinal> space_subject(const SpaceSignal& signal) {
        if (const auto* one = std::get_if<signal::fragmented>(&signal)) return one->replica;
        return std::nullopt;
    }
    static std::string space_detail(const SpaceSignal& signal) {
        const auto* one = std::get_if<signal::nothing_helps>(&signal);
        return one != nullptr ? one->why : std::string();
    }

    std::string plan_detail() const {
        const auto view = plan_view(state_);
        if (!view || state_.authority.phase != AuthorityPhase::holding) return {};
        return because(plan_membership(*view).rule);
    }

    State& state_;
    Decision& decision_;
};

}  // namespace

Step step(State state, const Event& event) {
    Step result{std::move(state), {}};
    result.decision = advance(result.next, event);
    return result;
}

Decision advance(State& state, const Event& event) {
    Decision decision;
    fold(state, event);
    if (state.facts.started_at == Instant{}) return decision;
    Stepping stepping(state, decision);
    if (!state.exiting) stepping.run();
    stepping.look();
    return decision;
}

}  // namespace quorate
