// What becomes of an agent's commands: each takes its time, is carried out in the world or gets
// lost, and its answer comes back or does not.
#include <algorithm>
#include <utility>

#include "sim/ports/volume.hpp"
#include "sim/world/agent.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

using Ended = std::variant<Done, Refused, Unknown>;

// What a cluster at rest has no reason for.
bool destroys(const CommandBody& body) {
    return std::holds_alternative<SetAsideData>(body) ||
           std::holds_alternative<RebuildEtcd>(body) || std::holds_alternative<AddLearner>(body) ||
           std::holds_alternative<PromoteMember>(body) ||
           std::holds_alternative<RemoveMember>(body) ||
           std::holds_alternative<DisarmCorrupt>(body) ||
           std::holds_alternative<DisarmNospace>(body);
}

// What is done because so many replicas are desired, and cannot be undone.
bool rests_on_desired(const CommandBody& body) {
    const auto* write = std::get_if<WriteRecord>(&body);
    return std::holds_alternative<RemoveMember>(body) ||
           (write != nullptr && write->record.rebuild.has_value());
}

bool ends_in_the_store(const CommandBody& body) {
    return std::holds_alternative<WriteRecord>(body) ||
           std::holds_alternative<AcquireAuthority>(body) ||
           std::holds_alternative<ReleaseAuthority>(body);
}
bool ends_in_etcd(const CommandBody& body) {
    return std::holds_alternative<ListMembers>(body) || std::holds_alternative<AddLearner>(body) ||
           std::holds_alternative<PromoteMember>(body) ||
           std::holds_alternative<RemoveMember>(body) || std::holds_alternative<MoveLeader>(body) ||
           std::holds_alternative<Compact>(body) || std::holds_alternative<Defragment>(body) ||
           std::holds_alternative<DisarmNospace>(body);
}
bool ends_elsewhere(const CommandBody& body) {
    return ends_in_the_store(body) || ends_in_etcd(body);
}
bool goes_through(const CommandBody& body, Ordinal via) {
    return std::visit(
        [via](const auto& one) {
            if constexpr (requires { one.via; })
                return one.via == via;
            else
                return false;
        },
        body);
}

}  // namespace

void Agent::start_command(const Command& command) {
    world_.faults.command_released(self_, command);
    if (destroys(command.body)) ++world_.destructive_commands;
    world_.oracles.released(self_, command.id, committed_);
    world_.oracles.issued(self_, command);
    world_.kernel.note_deed((command.id.value << 8) | command.body.index());
    if (const auto* wake = std::get_if<WakeAt>(&command.body)) {
        Happening alarm;
        alarm.kind = Kind::wake;
        alarm.target = self_;
        alarm.guard = ++wake_guard_;
        Span after = wake->at - now();
        // Its timers go as its clock does; one that stands is not waited for.
        if (pace_ != usual_pace && pace_ != standing_pace)
            after = Span{(after.us * usual_pace + pace_ - 1) / pace_};
        return world_.kernel.schedule(after.us > 0 ? after : Span{}, alarm);
    }
    if (const auto* probes = std::get_if<ProbeReplicas>(&command.body)) {
        probed_ = probes->replicas;
        return;
    }
    if (const auto* ask = std::get_if<AskPeers>(&command.body)) {
        for (Peer& peer : peers_)
            peer.asked = false;
        for (const Ordinal ordinal : ask->peers)
            peers_[ordinal.value].asked = true;
        return exchange();
    }
    if (const auto* exit = std::get_if<ExitAgent>(&command.body)) return leave(exit->reason);
    // The adapter stops to renew before it tells the store, which may never hear of it.
    if (std::holds_alternative<ReleaseAuthority>(command.body)) lease_ = Fence{};
    std::uint32_t slot = 0;
    while (slot < waiting_.size() && !waiting_[slot].free)
        ++slot;
    if (slot == waiting_.size()) waiting_.emplace_back();
    Waiting& waiting = waiting_[slot];
    waiting = Waiting{};
    waiting.free = false;
    waiting.number = world_.faults.commands();
    const bool lost =
        ends_elsewhere(command.body) &&
        world_.kernel.streams.chance(self_, Purpose::outcome, world_.lost_answers_percent);
    Happening next;
    next.kind = Kind::execute;
    next.target = self_;
    next.guard = life_;
    next.payload = slot;
    Span delay = world_.kernel.streams.between(self_, Purpose::command_delay, milliseconds(1),
                                               milliseconds(15));
    if (std::holds_alternative<RebuildEtcd>(command.body)) delay = seconds(2);
    if (lost && world_.kernel.streams.chance(self_, Purpose::outcome, 50)) {
        // Lost on the way there: nothing is done, and nobody answers.
        next.kind = Kind::answer_overdue;
        delay = until_overdue(command);
    } else if (lost) {
        waiting.answer_lost = true;
    }
    waiting.command = command;
    world_.kernel.schedule(delay, next);
}

bool Agent::lose(std::uint64_t number, LostOn way) {
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) {
        return !waiting.free && waiting.number == number && ends_elsewhere(waiting.command.body);
    });
    if (!alive_ || found == waiting_.end()) return false;
    (way == LostOn::way_there ? found->request_lost : found->answer_lost) = true;
    return true;
}

void Agent::break_off(std::uint8_t via) {
    for (Waiting& waiting : waiting_)
        if (!waiting.free && goes_through(waiting.command.body, Ordinal{via}))
            waiting.answer_lost = true;
}

// A connection that went silent is given up by its keep-alive, long before a long deadline.
Span Agent::until_overdue(const Command& command) {
    return std::clamp(command.deadline - now(), Span{}, seconds(15));
}

void Agent::await_in_vain(std::uint32_t slot) {
    Happening next;
    next.kind = Kind::answer_overdue;
    next.target = self_;
    next.guard = life_;
    next.payload = slot;
    world_.kernel.schedule(until_overdue(waiting_[slot].command), next);
}

// Or never, where that is too late.
void Agent::answer_after(const Waiting& waiting, Span takes) {
    Waiting begun = waiting;
    begun.free = false;
    begun.begun = true;
    const bool in_time = takes < until_overdue(begun.command);
    waiting_.push_back(std::move(begun));
    const auto slot = static_cast<std::uint32_t>(waiting_.size() - 1);
    if (!in_time) return await_in_vain(slot);
    Happening next;
    next.kind = Kind::execute;
    next.target = self_;
    next.guard = life_;
    next.payload = slot;
    world_.kernel.schedule(takes, next);
}

void Agent::answer(const Waiting& waiting, Ended outcome, Brought brought) {
    world_.faults.command_took_effect(waiting.number);
    if (!waiting.answer_lost)
        return post(CommandEnded{waiting.command.id, std::move(outcome), std::move(brought)});
    Waiting silent = waiting;
    silent.free = false;
    waiting_.push_back(std::move(silent));
    await_in_vain(static_cast<std::uint32_t>(waiting_.size() - 1));
}

void Agent::request_ended(CommandId id, Ended outcome, Brought brought) {
    post(CommandEnded{id, std::move(outcome), std::move(brought)});
}

bool Agent::fenced(Fence fence) const {
    return world_.api_admits(self_) &&
           world_.store.holds(self_, fence, world_.kernel.now + seconds(1));
}

// A linearizable read, a hash and maintenance do while auth is on [v3rpc/maintenance.go].
bool Agent::needs_password() const {
    if (!world_.cluster.asks_for_passwords()) return false;
    world_.faults.felt(Fault::auth);
    return true;
}

ContentCompared Agent::compare(const std::vector<Ordinal>& replicas) const {
    ContentCompared compared;
    for (const Ordinal ordinal : replicas) {
        const auto o = static_cast<std::uint8_t>(ordinal.value);
        compared.hashes[ordinal];
        if (!world_.network.connects(self_, o) || !world_.cluster.process(o).up()) continue;
        const Revision revision = world_.cluster.revision(o);
        if (compared.revision == Revision{} || revision < compared.revision)
            compared.revision = revision;
    }
    if (needs_password()) return compared;
    for (auto& [ordinal, hash] : compared.hashes) {
        const auto o = static_cast<std::uint8_t>(ordinal.value);
        if (!world_.network.connects(self_, o)) continue;
        if (auto got = world_.cluster.hash_at(o, compared.revision)) hash = *got;
    }
    return compared;
}

// Carries out one command now; what takes a quorum answers later, through World.
struct Agent::Carry {
    Agent& agent;
    const Waiting& waiting;
    World& world = agent.world_;

    void done(Brought brought = Nothing{}) const {
        agent.answer(waiting, Done{}, std::move(brought));
    }
    void refuse(Refusal why, const char* text) const { agent.answer(waiting, Refused{why, text}); }
    Volume& volume() const { return world.volumes[agent.self_]; }
    bool etcd_runs() const { return world.cluster.process(agent.self_).life != Life::down; }
    InUse in_use() const { return etcd_runs() ? InUse::yes : InUse::no; }

    void operator()(const ExamineDisk&) const {
        if (agent.medium_fails()) return refuse(Refusal::disk, "cannot read: Input/output error");
        done(examine(volume(), in_use()));
    }
    void operator()(const SetAsideData& body) const {
        if (agent.medium_fails()) return refuse(Refusal::disk, "cannot rename: Input/output error");
        if (!set_aside(volume(), body.reason, in_use()))
            return refuse(Refusal::disk, "the db is in use");
        done();
    }
    void operator()(const StampVolume& body) const {
        if (agent.medium_fails()) return refuse(Refusal::disk, "cannot fsync: Input/output error");
        stamp(volume(), body.identity);
        done();
    }
    void operator()(const StartEtcd& body) const {
        if (!etcd_runs() && world.cluster.surroundings(agent.self_).no_files) {
            world.faults.felt(Fault::no_files);
            return refuse(Refusal::not_possible, "cannot start it: Too many open files");
        }
        EtcdFlags flags;
        flags.snapshot_count = world.config.snapshot_count;
        if (!etcd_runs()) world.cluster.start(agent.self_, body, flags, agent.etcd_);
        done(EtcdSpawned{static_cast<std::int32_t>(agent.life_ * 100 + 1)});
    }
    void operator()(const StopEtcd&) const {
        world.cluster.stop(agent.self_);
        done();
    }
    void operator()(const RebuildEtcd& body) const {
        if (!world.cluster.rebuild(agent.self_, body))
            return refuse(Refusal::not_possible, "there is nothing to rebuild from");
        world.oracles.rebuilt(agent.self_);
        done();
    }
    void operator()(const WriteRecord& body) const {
        if (const auto no = agent.api_refuses()) return agent.answer(waiting, *no);
        const bool loses =
            world.conflicts_percent > 0 &&
            world.kernel.streams.chance(agent.self_, Purpose::conflict, world.conflicts_percent);
        if (loses || !world.store.swap(body)) {
            agent.post(RecordSeen{world.store.record, {}});
            return refuse(Refusal::conflict, "the record moved on");
        }
        world.oracles.recorded(*world.store.record);
        world.store_changed();
        done();
    }
    void operator()(const AcquireAuthority& body) const {
        if (const auto no = agent.api_refuses()) return agent.answer(waiting, *no);
        const auto fence = world.store.acquire(agent.self_, body.ttl, world.kernel.now);
        if (!fence) return refuse(Refusal::conflict, "held by another");
        // The adapter renews what it was granted: with a lost answer it knows of no fence.
        if (waiting.answer_lost) return done();
        agent.lease_ = *fence;
        Happening next;
        next.kind = Kind::renew_lease;
        next.target = agent.self_;
        next.guard = fence->value;
        world.kernel.schedule(Span{body.ttl.us / 3}, next);
        done(AuthorityGranted{*fence});
    }
    void operator()(const ReleaseAuthority& body) const {
        if (const auto no = agent.api_refuses()) return agent.answer(waiting, *no);
        world.store.release(agent.self_, body.fence);
        done();
    }
    void operator()(const ListMembers& body) const {
        const auto via = static_cast<std::uint8_t>(body.via.value);
        if (!world.network.connects(agent.self_, via) || !world.cluster.process(via).answers())
            return refuse(Refusal::not_reachable, "connection refused");
        auto list = world.cluster.members(via, Freshness::linearizable);
        if (!list) return refuse(Refusal::no_leader, "etcdserver: no leader");
        done(std::move(*list));
    }
    void operator()(const AddLearner& body) const {
        change(body.via, body.fence, [&](std::uint8_t via, std::uint64_t uid) {
            return world.cluster.add_learner(via, static_cast<std::uint8_t>(body.ordinal.value),
                                             uid);
        });
    }
    void operator()(const PromoteMember& body) const {
        change(body.via, body.fence, [&](std::uint8_t via, std::uint64_t uid) {
            return world.cluster.promote(via, body.member_id, uid);
        });
    }
    void operator()(const RemoveMember& body) const {
        change(body.via, body.fence, [&](std::uint8_t via, std::uint64_t uid) {
            return world.cluster.remove(via, body.member_id, uid);
        });
    }
    void operator()(const MoveLeader& body) const {
        const auto via = static_cast<std::uint8_t>(body.via.value);
        if (!agent.fenced(body.fence)) return refuse(Refusal::precondition, "authority is gone");
        if (!world.network.connects(agent.self_, via))
            return refuse(Refusal::not_reachable, "connection refused");
        if (agent.needs_password()) return refuse(Refusal::not_possible, "permission denied");
        if (auto no = world.cluster.move_leader(via, body.to)) return agent.answer(waiting, *no);
        done();
    }
    void operator()(const CompareContent& body) const { done(agent.compare(body.replicas)); }
    void operator()(const DisarmCorrupt& body) const {
        change(body.via, body.fence,
               [&](std::uint8_t via, std::uint64_t uid) -> std::optional<Refused> {
                   for (std::size_t i = 0; i < body.accused.size(); ++i) {
                       const bool last = i + 1 == body.accused.size();
                       if (!world.cluster.alarm(via, EntryKind::disarm, body.accused[i],
                                                last ? uid : 0))
                           return Refused{Refusal::no_leader, "etcdserver: no leader"};
                   }
                   return std::nullopt;
               });
    }
    void operator()(const Compact& body) const {
        change(body.via, body.fence,
               [&](std::uint8_t via, std::uint64_t uid) -> std::optional<Refused> {
                   if (world.cluster.resize(via, EntryKind::compact, 0, uid)) return std::nullopt;
                   return Refused{Refusal::no_leader, "etcdserver: no leader"};
               });
    }
    void operator()(const Defragment& body) const {
        const auto o = static_cast<std::uint8_t>(body.replica.value);
        if (!agent.fenced(body.fence)) return refuse(Refusal::precondition, "authority is gone");
        if (!world.network.connects(agent.self_, o))
            return refuse(Refusal::not_reachable, "connection refused");
        if (agent.needs_password()) return refuse(Refusal::not_possible, "permission denied");
        world.oracles.defragmenting(o);
        if (!world.cluster.defragment(o))
            return refuse(Refusal::not_reachable, "connection refused");
        agent.told_[o].status.reset();  // its size is another now
        const Span takes = world.cluster.surroundings(o).defrag_takes;
        takes.us > 0 ? agent.answer_after(waiting, takes) : done();
    }
    void operator()(const DisarmNospace& body) const {
        change(body.via, body.fence,
               [&](std::uint8_t via, std::uint64_t uid) -> std::optional<Refused> {
                   const std::vector<MemberId> ids = world.cluster.process(via).short_of;
                   if (ids.empty()) return Refused{Refusal::precondition, "there is no alarm"};
                   world.oracles.disarming_nospace();
                   for (std::size_t i = 0; i < ids.size(); ++i)
                       if (!world.cluster.alarm(via, EntryKind::room, ids[i],
                                                i + 1 == ids.size() ? uid : 0))
                           return Refused{Refusal::no_leader, "etcdserver: no leader"};
                   return std::nullopt;
               });
    }
    void operator()(const ProbeReplicas&) const {}
    void operator()(const AskPeers&) const {}
    void operator()(const WakeAt&) const {}
    void operator()(const ExitAgent&) const {}

  private:
    template <class Ask>
    void change(Ordinal through, Fence fence, Ask ask) const {
        const auto via = static_cast<std::uint8_t>(through.value);
        if (!agent.fenced(fence)) return refuse(Refusal::precondition, "authority is gone");
        if (!world.network.connects(agent.self_, via))
            return refuse(Refusal::not_reachable, "connection refused");
        world.oracles.changing(agent.self_, waiting.command, fence);
        const std::uint64_t uid = world.await_request(via, agent.self_, waiting.command,
                                                      waiting.number, waiting.answer_lost);
        if (auto no = ask(via, uid)) {
            world.forget_request(uid);
            return agent.answer(waiting, *no);
        }
        world.faults.command_in_flight(waiting.number);
    }
};

void Agent::execute(std::uint32_t slot) {
    const Waiting waiting = waiting_[slot];
    if (waiting.request_lost) return await_in_vain(slot);
    waiting_[slot].free = true;
    if (waiting.begun) return answer(waiting, Done{});
    if (ends_in_etcd(waiting.command.body) && now() >= waiting.command.deadline)
        return answer(waiting, Refused{Refusal::precondition, "its time has passed"});
    if (rests_on_desired(waiting.command.body))
        if (auto no = desired_moved_on()) return answer(waiting, std::move(*no));
    world_.oracles.carrying_out(self_, waiting.command);
    std::visit(Carry{*this, waiting}, waiting.command.body);
}

}  // namespace quorate::sim
