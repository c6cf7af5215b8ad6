#include "sim/oracles/detection.hpp"

#include <algorithm>

#include "core/base/mix.hpp"
#include "core/explain.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

bool removes(const State& state, std::uint8_t o) {
    const RepairPhase phase = state.repair.phase;
    return state.repair.ordinal == Ordinal{o} &&
           (phase == RepairPhase::fencing || phase == RepairPhase::removing ||
            phase == RepairPhase::wiping);
}

}  // namespace

void Detection::audit() {
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        look_at_alarm(o);
        look_at_volume(o);
    }
    look_at_learner();
}

Span Detection::bound() const { return world_.config.policy.hash_check_period * 2 + unknowable; }

// What was seen for the second time is not seen anew; 0 is nothing to see.
bool Detection::overdue(Sight& sight, std::uint64_t of, Span bound) {
    if (of == 0 || sight.of != of) sight = Sight{of, world_.kernel.now, Instant{}};
    return of != 0 && sight.since + bound < world_.kernel.now;
}

bool Detection::sees(std::uint8_t agent) const {
    return world_.agents[agent]->alive() && world_.agents[agent]->ages();
}

// As it is now: what a cache shows may be older, and a request may be refused. Where the set is
// gone nothing says how many replicas are desired, and nobody acts.
bool Detection::reads_the_store(std::uint8_t agent) const {
    return !world_.no_set() && world_.api_admits(agent) && world_.api.shows_now(agent) &&
           world_.api.trouble.busy == 0;
}

// Nobody connects to an etcd whose certificate is of no use, its own agent as little as any other
// (N11): what is known only there can be seen by no agent.
bool Detection::hears_its_etcd(std::uint8_t agent) {
    if (!sees(agent)) return false;
    if (world_.network.connects(agent, agent)) return true;
    ++findings_.counts.unheard;
    return false;
}

// Each agent hears it from its own etcd, and anew from one that was started anew. Who met what it
// does not know decides nothing of the cluster any more (J7); the others do.
void Detection::look_at_alarm(std::uint8_t o) {
    const Agent& agent = *world_.agents[o];
    const Process& etcd = world_.cluster.process(o);
    const bool stands = world_.cluster.serves(o) && !etcd.accused.empty() && hears_its_etcd(o);
    std::uint64_t of = 0;
    if (stands && !agent.halted()) of = mix(mix(o + 1, agent.life()), etcd.incarnation);
    if (of != 0) ++findings_.counts.accused;
    if (!overdue(alarms_[o], of, bound())) return;
    if (agent.state().alarm.phase != AlarmPhase::clear) return;
    findings_.report("L4", name(o) + " takes no notice of a CORRUPT alarm");
    alarms_[o] = Sight{};
}

// Its own agent compares it with the record and with what others remember. When the reason to be
// parked is gone, or seems so while the record is put back, it examines the volume anew before it
// says so again (R26, R28); a claim needs no such time.
void Detection::look_at_volume(std::uint8_t o) {
    const Agent& agent = *world_.agents[o];
    const bool shows = world_.oracles.is_amnesiac(o) && sees(o) && reads_the_store(o);
    std::uint64_t of = 0;
    if (shows) of = mix(world_.cluster.data(o)->id.value, agent.life());
    if (shows) ++findings_.counts.amnesiacs;
    Sight& sight = volumes_[o];
    const bool late = overdue(sight, of, bound());
    const ReplicaPhase phase = agent.state().replica.phase;
    const bool trusts = phase == ReplicaPhase::examining || phase == ReplicaPhase::claiming ||
                        phase == ReplicaPhase::serving;
    if (shows && !trusts) sight.noticed_at = world_.kernel.now;
    const bool looks_again = phase == ReplicaPhase::examining && sight.noticed_at != Instant{} &&
                             sight.noticed_at + unknowable > world_.kernel.now;
    if (!late || !trusts || looks_again) return;
    findings_.report("L4", name(o) + " takes no notice that its volume is not what " +
                               hex(world_.cluster.data(o)->id) + " ran on");
    sight = Sight{};
}

// Who has authority keeps everybody else from acting, and for whom no time passes no limit does
// (K6).
bool Detection::time_stands_for_who_acts() const {
    return std::any_of(world_.agents.begin(), world_.agents.end(), [](const auto& agent) {
        return agent->alive() && !agent->ages() &&
               agent->state().authority.phase == AuthorityPhase::holding;
    });
}

// Whoever has authority may do so beside any member that serves; while nobody can say whose content
// is right, without replicas desired, and while etcd asks for a password that no agent has, nobody
// is to go.
void Detection::look_at_learner() {
    const auto leader = world_.cluster.able_leader();
    std::uint64_t of = 0;
    std::uint8_t silent = 0;
    if (leader && hears_its_etcd(*leader) && reads_the_store(*leader) &&
        world_.store.desired.replicas > 0 && !world_.cluster.asks_for_passwords() &&
        !time_stands_for_who_acts())
        for (const View& view : world_.cluster.process(*leader).conf) {
            const bool quiet = !world_.cluster.process(view.ordinal).answers() ||
                               !world_.network.linked(*leader, view.ordinal);
            if (!view.learner || !quiet) continue;
            of = view.id.value;
            silent = view.ordinal;
        }
    const Policy& policy = world_.config.policy;
    const Span stuck = policy.learner_stuck_after;
    const Span authority =
        policy.authority_ttl + policy.authority_stagger * std::int64_t{Network::size};
    if (of != 0 && learner_.of == of && learner_.since + stuck < world_.kernel.now)
        ++findings_.counts.stuck;
    if (!overdue(learner_, of, stuck + bound() + authority)) return;
    const bool noticed =
        std::any_of(world_.agents.begin(), world_.agents.end(), [&](const auto& agent) {
            if (!agent->alive()) return false;
            const State& state = agent->state();
            return removes(state, silent) || state.alarm.phase != AlarmPhase::clear;
        });
    if (noticed) return;
    findings_.report("L4", name(silent) + " learns nothing as " + hex(MemberId{of}) +
                               ", and nobody takes notice");
    learner_ = Sight{};
}

}  // namespace quorate::sim
