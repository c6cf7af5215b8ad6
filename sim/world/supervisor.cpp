// The host: starts and stops replicas as a StatefulSet does (stateful_set_control.go): in order or
// in parallel, a terminating pod is finished before it is made again, a stopped process is
// restarted with back-off, SIGKILL follows SIGTERM after the grace.
#include <algorithm>
#include <utility>

#include "core/rules/recovery_plan.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// CrashLoopBackOff, shortened: 0.5 s, 1 s, 2 s ... 10 s; forgotten after a minute of running.
Span restart_wait(std::uint32_t restarts) {
    Span wait = milliseconds(500);
    for (std::uint32_t i = 1; i < restarts && wait < seconds(10); ++i)
        wait = wait * 2;
    return std::min(wait, seconds(10));
}

}  // namespace

void World::start_pod(std::uint8_t o, Span after) {
    Pod& pod = pods[o];
    pod.phase = Pod::Phase::starting;
    ++pod.incarnation;
    Happening start;
    start.kind = Kind::pod_start;
    start.target = o;
    start.guard = pod.incarnation;
    kernel.schedule(
        after + kernel.streams.between(o, Purpose::pod, milliseconds(50), milliseconds(900)),
        start);
}

void World::pod_starts(std::uint8_t o) {
    Pod& pod = pods[o];
    if (!std::exchange(pod.ran, true)) address_changed(o);
    pod.started_at = kernel.now;
    if (pod.shadowed) {
        faults.felt(Fault::force_delete);
        return restart_container(o);  // the lock is taken
    }
    pod.phase = Pod::Phase::running;
    agents[o]->start();
}

void World::terminate_pod(std::uint8_t o) {
    Pod& pod = pods[o];
    if (pod.phase == Pod::Phase::terminating || pod.phase == Pod::Phase::absent) return;
    const bool runs = agents[o]->alive() && !pod.shadowed;
    ++pod.incarnation;
    pod.phase = Pod::Phase::terminating;
    if (!runs) {
        agents[o]->die();  // what it left over goes with the pod
        return pod_is_gone(o);
    }
    stop_agent(o);
    pod.killed_at = kernel.now + config.pod_grace;
}

void World::stop_agent(std::uint8_t o) {
    agents[o]->ask_to_stop();
    Happening kill;
    kill.kind = Kind::pod_kill;
    kill.target = o;
    kill.guard = pods[o].incarnation;
    kernel.schedule(config.pod_grace, kill);
}

void World::pod_is_gone(std::uint8_t o) {
    Pod& pod = pods[o];
    ++pod.incarnation;
    pod.phase = Pod::Phase::absent;
    pod.restarts = 0;
    pod.ran = false;
    const bool unwanted = o >= store.desired.replicas && store.desired.replicas > 0;
    if (unwanted && retention_ != config.volumes) faults.felt(Fault::retention);
    if (unwanted && retention_ == Retention::on_scale_delete) claims[o].terminating = true;
    if (claims[o].terminating) finish_claim(o);
}

void World::agent_ended(std::uint8_t o) {
    Pod& pod = pods[o];
    if (std::exchange(pod.shadowed, false)) return;  // whoever comes next starts by itself
    if (pod.phase == Pod::Phase::terminating) return pod_is_gone(o);
    restart_container(o);
}

void World::restart_container(std::uint8_t o) {
    Pod& pod = pods[o];
    if (kernel.now - pod.started_at > minutes(1)) pod.restarts = 0;
    ++pod.restarts;
    pod.phase = Pod::Phase::waiting;
    ++pod.incarnation;
    if (!pod.held) start_pod(o, restart_wait(pod.restarts));
}

void World::reconcile() {
    faults.delete_what_filled();
    if (host.no_set) return;  // nobody controls the pods
    disrupt();
    const bool ordered = store.desired.policy == PodManagement::ordered;
    if (!ordered) {
        for (std::uint8_t o = 0; o < size; ++o)
            reconcile_pod(o);
        return;
    }
    for (std::uint8_t o = 0; o < store.desired.replicas && o < size; ++o) {
        reconcile_pod(o);
        if (pods[o].phase != Pod::Phase::running || !ready(o)) return;
    }
    for (std::uint8_t o = size; o-- > store.desired.replicas;) {
        if (pods[o].phase == Pod::Phase::absent) continue;
        return reconcile_pod(o);
    }
}

void World::reconcile_pod(std::uint8_t o) {
    Pod& pod = pods[o];
    if (o >= store.desired.replicas) return terminate_pod(o);
    if (pod.phase == Pod::Phase::absent && !pod.held && may_be_made(o)) start_pod(o, Span{});
    if (pod.phase == Pod::Phase::waiting && !pod.held) start_pod(o, restart_wait(pod.restarts));
}

void World::scale(std::uint32_t replicas) {
    store.desired.replicas = replicas;
    store_changed();
    reconcile();
}

void World::set_policy(PodManagement policy) {
    store.desired.policy = policy;
    store_changed();
    reconcile();
}

void World::delete_pod(std::uint8_t o) { terminate_pod(o); }

void World::upgrade(std::uint8_t o, Version version) {
    cluster.install(o, version);
    delete_pod(o);
}

void World::wipe(std::uint8_t o) {
    agents[o]->die();
    lose_volume(o);
}

bool World::roll_back(std::uint8_t o) {
    if (!saved_[o]) return false;
    agents[o]->die();
    oracles.losing(o);
    set_journal_aside(o);
    volumes[o] = *saved_[o];
    oracles.rolled_back(o);
    return true;
}

void World::swap(std::uint8_t a, std::uint8_t b) {
    agents[a]->die();
    agents[b]->die();
    oracles.losing(a);
    oracles.losing(b);
    std::swap(volumes[a], volumes[b]);
    oracles.rolled_back(a);
    oracles.rolled_back(b);
}

void World::clone(std::uint8_t from, std::uint8_t to) {
    agents[to]->die();
    oracles.losing(to);
    set_journal_aside(to);
    volumes[to] = volumes[from];
    oracles.rolled_back(to);  // a copy of a copy may have come home
}

void World::hold(std::uint8_t o, bool held) {
    pods[o].held = held;
    if (held) {
        agents[o]->die();
        if (pods[o].phase == Pod::Phase::starting) {
            ++pods[o].incarnation;
            pods[o].phase = Pod::Phase::waiting;
        }
    } else if (pods[o].phase == Pod::Phase::waiting) {
        start_pod(o, Span{});  // its node is back: no controller is asked
    }
}

// OrderedReady makes a missing pod only when those before it are ready, by their own agents' word.
// Of a shadowed one the host asks the pod that is not let in.
bool World::ready(std::uint8_t o) {
    const Agent& agent = *agents[o];
    const bool truth = !pods[o].shadowed && (agent.says_ready() || agent.awaits_peers());
    const std::optional<bool> said = host.readiness[o];
    if (said && *said != truth) faults.felt(Fault::readiness);
    return said.value_or(truth);
}

bool World::all_others_ready(std::uint8_t o) {
    for (std::uint8_t other = 0; other < store.desired.replicas && other < size; ++other)
        if (other != o && (pods[other].phase != Pod::Phase::running || !ready(other))) return false;
    return true;
}

// What is asked of pods that run: an eviction from a drained node, which a budget of one
// unavailable pod may put off, and a new template, by which each is made anew once all others are
// ready.
void World::disrupt() {
    if (network.store_is_away()) return;
    for (std::uint8_t o = 0; o < size; ++o) {
        if (!host.drained[o] || pods[o].phase != Pod::Phase::running || !all_others_ready(o))
            continue;
        faults.felt(Fault::drain);
        terminate_pod(o);
    }
    if (!host.rolling || rollout_ == 0) return;
    const auto o = static_cast<std::uint8_t>(rollout_ - 1);
    if (pods[o].phase != Pod::Phase::running || !all_others_ready(o)) return;
    --rollout_;
    faults.felt(Fault::rollout);
    terminate_pod(o);
}

void World::cut_store(std::uint8_t o, bool cut) {
    network.cut_store(o, cut);
    if (!cut) agents[o]->store_changed();
}

bool World::change_content(std::uint8_t o) {
    if (!volumes[o].data) return false;
    cluster.change_content(o);
    changed_at = kernel.now;
    return true;
}

bool World::damage(std::uint8_t o, Damage kind) {
    if (!volumes[o].data || volumes[o].data->damage != Damage::none) return false;
    if (kind == Damage::snap_lost && volumes[o].data->snapshot == 0) return false;
    agents[o]->die();
    // A log that begins with its first entry holds all that the database did.
    const bool loses = kind != Damage::db_lost || volumes[o].data->snapshot != 0;
    if (loses) oracles.losing(o);
    cluster.damage(o, kind);
    return true;
}

// Whoever runs on it notices nothing before its next start.
bool World::misdirect(std::uint8_t o) {
    const auto& data = volumes[o].data;
    if (!data || data->log.size() < 2 || data->damage != Damage::none) return false;
    oracles.rotting(o);
    cluster.damage(o, Damage::wal_bit);
    return true;
}

bool World::lose_rename(std::uint8_t o) {
    Volume& volume = volumes[o];
    if (!volume.identity_before || volume.identity_before == volume.identity) return false;
    agents[o]->die();
    oracles.losing(o);
    volume.identity = volume.identity_before;
    oracles.rolled_back(o);
    return true;
}

bool World::erase(std::uint64_t mib) {
    const auto leader = cluster.able_leader();
    return leader && cluster.resize(*leader, EntryKind::erase, mib, 0);
}

void World::lose_journal(std::uint8_t o, std::size_t records) {
    agents[o]->die();
    oracles.journal_lost(o);
    std::vector<Record>& kept = volumes[o].journal.records;
    if (records >= kept.size()) return set_journal_aside(o);
    kept.resize(kept.size() - records);
    State state = volumes[o].journal.folded;
    for (const Record& record : kept)
        state = config.step(std::move(state), record.event).next;
    volumes[o].journal.peers = state.facts.peers;
    volumes[o].journal.settings = state.facts.settings;
    volumes[o].journal.newest.reset();
    keep_newest(volumes[o].journal, state.facts);
}

void World::swap_journals(std::uint8_t a, std::uint8_t b) {
    agents[a]->die();
    agents[b]->die();
    oracles.journal_lost(a);
    oracles.journal_lost(b);
    std::swap(volumes[a].journal, volumes[b].journal);
}

std::optional<Ordinal> World::best_survivor() const {
    if (!store.record) return std::nullopt;
    const auto plan = plan_recovery(*store.record);
    if (!plan) return std::nullopt;
    return plan->survivors.front().ordinal;
}

bool World::approve_rebuild() {
    if (!store.record) return false;
    const auto plan = plan_recovery(*store.record);
    if (!plan) return false;
    const auto& best = plan->survivors.front();
    if (plan->may_lose) oracles.accept_loss(best.ordinal);
    oracles.approved(*store.record, best.ordinal, best.position);
    for (const auto& agent : agents)
        agent->post(RecoveryApproved{plan->token});
    return true;
}

bool World::take_record_back(std::uint32_t writes) {
    if (!store.go_back(writes)) return false;
    oracles.record_changed();
    store_changed();
    return true;
}

bool World::lose_record() {
    if (!store.lose_record()) return false;
    oracles.record_changed();
    store_changed();
    return true;
}

bool World::disarm_nospace() {
    const auto leader = cluster.able_leader();
    if (!leader) return false;
    const std::vector<MemberId> ids = cluster.process(*leader).short_of;
    for (const MemberId one : ids)
        cluster.alarm(*leader, EntryKind::room, one, 0);
    return !ids.empty();
}

std::optional<std::string> World::parked(std::uint8_t o) const {
    const Agent& agent = *agents[o];
    if (!agent.alive()) return std::nullopt;
    if (agent.state().cluster.phase == ClusterPhase::parked) return agent.state().cluster.reason;
    if (agent.state().replica.phase == ReplicaPhase::parked) return agent.state().replica.reason;
    if (agent.state().alarm.phase == AlarmPhase::parked) return agent.state().alarm.reason;
    if (agent.state().space.phase == SpacePhase::parked) return agent.state().space.reason;
    return std::nullopt;
}

std::optional<std::string> World::parked() const {
    for (std::uint8_t o = 0; o < size; ++o)
        if (auto why = parked(o)) return why;
    return std::nullopt;
}

bool World::repair_under_way() const {
    return std::any_of(agents.begin(), agents.end(), [](const auto& agent) {
        return agent->alive() && agent->state().authority.phase == AuthorityPhase::holding &&
               agent->state().repair.phase != RepairPhase::idle;
    });
}

bool World::steady() const { return why_not_steady().empty(); }

// At a revision that both have reached.
bool World::content_differs(std::uint8_t a, std::uint8_t b) const {
    const Revision at = std::min(cluster.revision(a), cluster.revision(b));
    const auto one = cluster.hash_at(a, at);
    const auto other = cluster.hash_at(b, at);
    return one && other && one->hash != other->hash;
}

std::string World::why_not_steady() const {
    const std::uint32_t wanted = store.desired.replicas;
    for (std::uint8_t o = 0; o < size; ++o) {
        const bool runs = agents[o]->alive();
        if (runs != (o < wanted))
            return "replica " + std::to_string(int{o}) + (runs ? " still runs" : " does not run");
    }
    if (wanted == 0) return {};
    const auto leader = cluster.able_leader();
    if (!leader) return "nobody leads";
    const Process& lead = cluster.process(*leader);
    if (lead.conf.size() != wanted)
        return std::to_string(lead.conf.size()) + " members, " + std::to_string(wanted) + " wanted";
    for (const View& view : lead.conf) {
        const std::string name = "replica " + std::to_string(int{view.ordinal});
        if (view.learner) return name + " is a learner";
        if (view.ordinal >= wanted) return name + " is a member";
        if (!cluster.serves(view.ordinal)) return name + " does not serve";
        if (content_differs(*leader, view.ordinal)) return name + " holds other content";
        const Agent& agent = *agents[view.ordinal];
        if (agent.state().replica.phase != ReplicaPhase::serving)
            return "agent " + name + " is in phase " +
                   std::to_string(static_cast<int>(agent.state().replica.phase));
        if (!agent.says_ready()) return "agent " + name + " says that it is not ready";
        if (agent.state().authority.phase != AuthorityPhase::without)
            return "agent " + name + " has authority";
        if (agent.state().cluster.phase != ClusterPhase::following)
            return "agent " + name + " is in cluster phase " +
                   std::to_string(static_cast<int>(agent.state().cluster.phase));
        const ReplicaEntry* entry =
            store.record ? store.record->replicas.find(Ordinal{view.ordinal}) : nullptr;
        if (entry == nullptr || entry->member_id != view.id)
            return "the record does not know " + name;
    }
    return {};
}

}  // namespace quorate::sim
