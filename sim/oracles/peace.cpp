#include "sim/oracles/peace.hpp"

#include <algorithm>

#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// What volume and host have in store for it is a fault that is still to come; so is the end of a
// grace that no controller gave, or of one that faults have used up by half.
bool ends_soon(const World& world, std::uint8_t o) {
    const Pod& pod = world.pods[o];
    const bool terminating = pod.phase == Pod::Phase::terminating;
    const bool told_to_stop = world.agents[o]->state().facts.stop_requested && !terminating;
    const Span half{world.config.pod_grace.us / 2};
    const bool late = terminating && pod.killed_at < world.kernel.now + half;
    return told_to_stop || late || !world.cluster.medium(o).sound() ||
           world.cluster.surroundings(o) != Surroundings{};
}

}  // namespace

void Peace::audit() {
    watch_scaling();
    watch_outage();
}

// Every member serves, holds the same, and its agent runs: nothing is to be repaired.
bool Peace::all_is_well() const {
    const auto leader = world_.cluster.able_leader();
    if (!leader || !world_.store.record || world_.store.record->stage != RecordStage::formed)
        return false;
    const Process& p = world_.cluster.process(*leader);
    if (!p.accused.empty() || !p.short_of.empty()) return false;
    // One that waits for its command is a fault that is still to come.
    if (std::any_of(world_.agents.begin(), world_.agents.end(),
                    [](const auto& agent) { return agent->crash_planned(); }))
        return false;
    return std::all_of(p.conf.begin(), p.conf.end(), [&](const View& view) {
        const Agent& agent = *world_.agents[view.ordinal];
        const ReplicaEntry* entry = world_.store.record->replicas.find(Ordinal{view.ordinal});
        return !view.learner && agent.alive() && !agent.frozen() &&
               !ends_soon(world_, view.ordinal) &&
               agent.state().replica.phase == ReplicaPhase::serving &&
               world_.cluster.serves(view.ordinal) && !world_.oracles.has_lost(view.ordinal) &&
               world_.cluster.data(view.ordinal)->changed == 0 && entry != nullptr &&
               entry->member_id == view.id && !world_.content_differs(*leader, view.ordinal);
    });
}

// Members that have to come or to go.
std::size_t Peace::changes_left() const {
    const auto leader = world_.cluster.able_leader();
    if (!leader) return SIZE_MAX;
    std::size_t changes = world_.store.desired.replicas;
    for (const View& view : world_.cluster.process(*leader).conf) {
        const bool wanted = view.ordinal < world_.store.desired.replicas;
        if (!wanted)
            ++changes;
        else if (!view.learner)
            --changes;
    }
    return changes;
}

// simulator.md L2 and L6, with the times of this world. Each member: the host's pause before a pod
// is started again (10 s) and its start (1 s); etcd's pause after an exit, its boot (1 s) and one
// join that found nobody (10 s); learning and being promoted (10 s); the store's lease; and twice
// five seconds of health that etcd asks for. Once: authority in turn, and an election (4 s).
Span Peace::bound_of(std::size_t changes) const {
    const Policy& policy = world_.config.policy;
    const Span member = seconds(11) + policy.restart_backoff_max + seconds(11) + seconds(10) +
                        policy.authority_ttl + policy.stability_window * 2;
    return member * static_cast<std::int64_t>(changes) +
           policy.authority_stagger * std::int64_t{Network::size} + seconds(4);
}

void Peace::watch_scaling() {
    const std::uint32_t wanted = world_.store.desired.replicas;
    const Instant quiet_since = world_.faults.last_at();
    // Replicas that hold data of a cluster that nobody knew of wait for a person.
    const bool parks = world_.oracles.founded_unheard_of();
    if (!world_.faults.none_active() || wanted == 0 || parks) return scaling_.reset();
    if (scaling_ && (scaling_->quiet_since != quiet_since || scaling_->wanted != wanted))
        scaling_.reset();
    if (!scaling_) {
        if (!all_is_well()) return;
        scaling_ = Scaling{quiet_since, wanted, changes_left(), world_.kernel.now};
    }
    if (scaling_->changes == 0) return;
    if (changes_left() == 0) {
        ++findings_.counts.scalings;
        scaling_->changes = 0;
    } else if (scaling_->since + bound_of(scaling_->changes) < world_.kernel.now) {
        findings_.report("L6",
                         "to come to " + std::to_string(wanted) + " replicas by " +
                             std::to_string(scaling_->changes) + " changes takes longer than " +
                             std::to_string(bound_of(scaling_->changes).us / 1'000'000) + " s");
        scaling_->changes = 0;  // told once
    }
}

std::vector<Peace::Member> Peace::members() const {
    std::vector<Member> members;
    const auto leader = world_.cluster.able_leader();
    if (!leader) return members;
    for (const View& view : world_.cluster.process(*leader).conf)
        members.push_back({view.id, view.learner, view.ordinal,
                           world_.cluster.process(view.ordinal).incarnation,
                           world_.volumes[view.ordinal].set_aside.size()});
    return members;
}

void Peace::watch_outage() {
    const std::uint32_t wanted = world_.store.desired.replicas;
    const Instant quiet_since = world_.faults.last_at();
    if (!world_.network.store_is_away()) return outage_.reset();
    if (outage_ && (outage_->quiet_since != quiet_since || outage_->wanted != wanted))
        outage_.reset();
    if (!outage_) {
        // A pod that was deleted before still runs for its grace.
        const bool on_its_way =
            std::any_of(world_.pods.begin(), world_.pods.end(),
                        [](const Pod& pod) { return pod.phase == Pod::Phase::terminating; });
        if (!all_is_well() || on_its_way || changes_left() != 0) return;
        outage_ = Outage{quiet_since, wanted, world_.kernel.now, {}};
    }
    if (outage_->since + unknowable > world_.kernel.now) return;
    const std::vector<Member> now = members();
    if (outage_->members.empty()) outage_->members = now;
    ++findings_.counts.outages;
    if (now == outage_->members) return;
    findings_.report("L8",
                     "the host's API is away, nothing else is wrong, and a member is not "
                     "what it was");
    outage_->quiet_since = Instant{};  // told once
}

}  // namespace quorate::sim
