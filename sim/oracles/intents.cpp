#include "sim/oracles/intents.hpp"

#include <algorithm>

#include "core/base/limits.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

template <class... Bodies>
bool is_one_of(const CommandBody& body) {
    return (std::holds_alternative<Bodies>(body) || ...);
}

const char* text_of(std::size_t matter) {
    static constexpr const char* texts[] = {"claiming its volume", "setting data aside", "a repair",
                                            "asking for authority", "disarming a CORRUPT alarm"};
    return texts[matter];
}

}  // namespace

// 0: nothing is in hand.
std::uint8_t Intents::phase_of(Matter matter, const State& state) {
    const auto phase = [](bool in_hand, auto of) {
        return static_cast<std::uint8_t>(in_hand ? static_cast<int>(of) + 1 : 0);
    };
    switch (matter) {
        case Matter::volume: {
            const VolumePhase now = state.volume.phase;
            return phase(now != VolumePhase::open && now != VolumePhase::claimed, now);
        }
        case Matter::data:
            return phase(state.replica.phase == ReplicaPhase::setting_aside, state.replica.phase);
        case Matter::repair:
            return phase(state.repair.phase != RepairPhase::idle, state.repair.phase);
        case Matter::authority: {
            const AuthorityPhase now = state.authority.phase;
            return phase(now == AuthorityPhase::acquiring || now == AuthorityPhase::releasing, now);
        }
        case Matter::alarm:
            return phase(state.alarm.phase == AlarmPhase::disarming, state.alarm.phase);
    }
    return 0;
}

// A command of that kind takes it further.
bool Intents::serves(Matter matter, const State& state, const CommandBody& body) {
    switch (matter) {
        case Matter::volume:
            return is_one_of<StampVolume, WriteRecord>(body);
        case Matter::data:
            return is_one_of<SetAsideData>(body);
        case Matter::repair: {
            const auto* write = std::get_if<WriteRecord>(&body);
            const auto* compare = std::get_if<CompareContent>(&body);
            const auto& one = state.repair.ordinal;
            // What was asked for in vain is not repeated before the list says what became of it.
            return is_one_of<AddLearner, PromoteMember, RemoveMember, MoveLeader>(body) ||
                   (is_one_of<ListMembers>(body) && !state.facts.list_current) ||
                   (write != nullptr && write->fence.value != 0) ||
                   (compare != nullptr &&
                    std::find(compare->replicas.begin(), compare->replicas.end(), one) !=
                        compare->replicas.end());
        }
        case Matter::authority:
            return is_one_of<AcquireAuthority, ReleaseAuthority>(body);
        case Matter::alarm:
            return is_one_of<DisarmCorrupt>(body);
    }
    return false;
}

void Intents::issued(std::uint8_t agent, const Command& command) {
    Desk& desk = desks_[agent];
    Agent& by = *world_.agents[agent];
    if (desk.life != by.life()) desk = Desk{by.life(), {}, {}};
    for (std::size_t i = 0; i < matters; ++i)
        if (serves(static_cast<Matter>(i), by.state(), command.body))
            desk.unfinished[i].moved_at = world_.kernel.now;
    if (!has_outcome(command.body)) return;
    // The agent's clock may be ahead of the world's.
    const Instant due = world_.kernel.now + (command.deadline - by.now());
    desk.open[command.id] = Open{name_of(command.body), due, false, {}};
}

void Intents::told(std::uint8_t agent, const CommandEnded& ended) {
    Desk& desk = desks_[agent];
    const auto found = desk.open.find(ended.id);
    if (desk.life != world_.agents[agent]->life() || found == desk.open.end()) return;
    if (found->second.ended)
        findings_.report("L11",
                         name(agent) + " is told twice how its " + found->second.name + " ended");
    found->second.ended = true;
    found->second.ended_at = world_.kernel.now;
    ++findings_.counts.ended;
}

void Intents::audit() {
    const Span passed = world_.kernel.now - audited_at_;
    audited_at_ = world_.kernel.now;
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        const Agent& agent = *world_.agents[o];
        Desk& desk = desks_[o];
        if (!agent.alive() || desk.life != agent.life()) continue;
        if (agent.ages()) {
            look_at(o, desk);
            continue;
        }
        // Time that it was stopped is none that it had.
        for (Unfinished& one : desk.unfinished)
            one.moved_at = one.moved_at + passed;
        for (auto& [id, open] : desk.open) {
            open.due = open.due + passed;
            open.ended_at = open.ended_at + passed;
        }
    }
}

void Intents::look_at(std::uint8_t agent, Desk& desk) {
    const Instant now = world_.kernel.now;
    const State& state = world_.agents[agent]->state();
    const Span retry = world_.config.policy.retry_period + seconds(1);
    std::erase_if(desk.open, [&](const auto& entry) {
        const auto& [id, open] = entry;
        if (!open.ended && open.due + limits::outcome_grace + retry >= now) return false;
        if (open.ended && open.ended_at + unknowable >= now) return false;
        if (!open.ended)
            findings_.report("L11", name(agent) + " is never told how its " + open.name + " ended");
        else if (state.in_flight.contains(id))
            findings_.report("L11",
                             name(agent) + " still waits for a " + open.name + " that has ended");
        return true;
    });
    for (std::size_t i = 0; i < matters; ++i)
        look_for_forgotten(agent, desk, static_cast<Matter>(i));
}

// A learner may be waited for, and a quorum: each gives up by itself in its time.
Span Intents::patience() const {
    const Policy& policy = world_.config.policy;
    return std::max(
               {policy.learner_stuck_after, policy.quorum_lost_after, policy.unresponsive_after}) +
           policy.command_deadline + unknowable;
}

void Intents::look_for_forgotten(std::uint8_t agent, Desk& desk, Matter matter) {
    const State& state = world_.agents[agent]->state();
    const auto number = static_cast<std::size_t>(matter);
    Unfinished& one = desk.unfinished[number];
    const std::uint8_t phase = phase_of(matter, state);
    const bool under_way =
        std::any_of(state.in_flight.begin(), state.in_flight.end(),
                    [&](const auto& entry) { return serves(matter, state, entry.second.body); });
    // One that met what it does not know stops where it is, on purpose.
    if (phase == 0 || phase != one.phase || under_way || world_.agents[agent]->halted()) {
        one = Unfinished{phase, world_.kernel.now};
        return;
    }
    ++findings_.counts.unfinished;
    if (one.moved_at + patience() > world_.kernel.now) return;
    findings_.report("L11", name(agent) + " is in the middle of " + text_of(number) +
                                ", and has done nothing for it for " +
                                std::to_string(patience().us / 1'000'000) + " s");
    one.moved_at = world_.kernel.now;  // told once
}

}  // namespace quorate::sim
