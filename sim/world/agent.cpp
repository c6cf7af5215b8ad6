#include "sim/world/agent.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "core/base/mix.hpp"
#include "core/explain.hpp"
#include "core/facts/growth.hpp"
#include "core/rules/readiness.hpp"
#include "sim/ports/volume.hpp"
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

// Where a wall clock begins that nothing has set: an agent starts some seconds after the machine.
constexpr Instant without_battery = Instant{} + seconds(10);

// One that stands still goes on by so small a part: two readings of it differ.
constexpr std::int64_t standing_clock = 100;

// What a watch or a probe may say again.
bool is_seen(const Observation& observation) {
    return std::holds_alternative<DesiredSeen>(observation) ||
           std::holds_alternative<RecordSeen>(observation) ||
           std::holds_alternative<ReplicaProbed>(observation) ||
           std::holds_alternative<MembersSeen>(observation) ||
           std::holds_alternative<PeerReported>(observation);
}

}  // namespace

// Nobody reads the digests of a simulated journal: S17 compares decisions.
Agent::Agent(World& world, std::uint8_t self)
    : PartOfWorld(world),
      self_(self),
      journal_(world.volumes[self].journal),
      engine_({*this, *this, *this},
              {world.config.step, [](const State&) { return std::uint64_t{0}; }}) {}

void Agent::open(State state) {
    committed_ = state.last_command;
    journal_.open();
    engine_.open(std::move(state));
}

Settings Agent::settings() const {
    Settings settings;
    settings.self = Ordinal{self_};
    for (std::uint8_t o = 0; o < Cluster::size; ++o) {
        const std::string name = "replica-" + std::to_string(int{o});
        settings.addresses.push_back({name, Cluster::peer_url(o), "http://" + name + ":2379"});
    }
    settings.etcd_version = etcd_;
    settings.policy = world_.config.policy;
    settings.quota = Bytes{World::quota_mib << 20};
    return settings;
}

// Its journal lies on the volume, and an etcd that is left over from before it must be gone first
// [adapters/host/agent.cpp run_agent].
bool Agent::may_open() const {
    if (world_.cluster.process(self_).life == Life::down) return takes_records();
    world_.faults.felt(Fault::leftover);
    return false;
}

bool Agent::takes_records() const {
    const Medium& medium = world_.cluster.medium(self_);
    if (!medium.read_only && !medium.journal_full) return true;
    world_.faults.felt(medium.read_only ? Fault::read_only : Fault::full_journal);
    return false;
}

// Wall time, or the last event where that was later; from then on only the steady clock.
void Agent::keep_time() {
    const Instant wall = std::max(world_.kernel.now + wall_, without_battery);
    ahead_ = std::max(wall, state().now) - world_.kernel.now;
    if (ahead_ != Span{} && ahead_ == wall_) world_.faults.felt(Fault::wall_ahead);
    if (wall_ < Span{} && state().now != Instant{}) world_.faults.felt(Fault::wall_back);
    if (stands_) stands_ = Standing{world_.kernel.now + ahead_, world_.kernel.now};
}

void Agent::start() {
    if (!may_open()) return world_.agent_ended(self_);
    Volume& volume = world_.volumes[self_];
    ++life_;
    ++wake_guard_;
    etcd_ = world_.cluster.binary(self_);
    alive_ = true;
    frozen_ = false;
    inbox_.clear();
    run_scheduled_ = false;
    waiting_.clear();
    probed_.clear();
    told_.fill(Told{});
    told_list_.reset();
    told_desired_.reset();
    told_record_ = false;
    told_revision_ = RecordRevision{};
    told_version_ = 0;
    lease_ = Fence{};
    if (volume.journal.owner != self_)
        world_.set_journal_aside(self_);  // foreign: not ours to read
    if (volume.journal.flipped) {
        world_.faults.felt(Fault::flip_journal);
        world_.oracles.journal_lost(self_);
        world_.set_journal_aside(self_);  // damaged
    }
    open(journal_.folded());
    keep_time();
    AgentStarted started;
    started.settings = settings();
    started.entropy = world_.kernel.streams.draw(self_, Purpose::identity);
    started.fresh_lineage =
        Lineage{"lineage-" + std::to_string(world_.kernel.streams.draw(self_, Purpose::identity))};
    post(std::move(started));
    Happening next;
    next.target = self_;
    next.guard = life_;
    next.kind = Kind::relist;
    world_.kernel.schedule(milliseconds(5), next);
    next.kind = Kind::probe;
    world_.kernel.schedule(milliseconds(50), next);
    begin_peers();
}

void Agent::leave_etcd() {
    alive_ = false;
    ++life_;
    world_.agent_ended(self_);
}

void Agent::die() {
    if (!alive_) return world_.cluster.end(self_, ExitClass::killed);  // left over, or none
    const RepairPhase repair = state().repair.phase;
    if (repair == RepairPhase::wiping || repair == RepairPhase::adding)
        world_.coverage.is_true(Sometimes::an_agent_dies_between_removal_and_addition);
    if (state().replica.phase == ReplicaPhase::rebuilding)
        world_.coverage.is_true(Sometimes::an_approved_rebuild_is_interrupted);
    alive_ = false;
    ++life_;
    world_.cluster.end(self_, ExitClass::killed);
    world_.agent_ended(self_);
}

void Agent::freeze(bool frozen) {
    if (frozen_ && !frozen) runs_since_ = world_.kernel.now;
    frozen_ = frozen;
    if (!frozen && alive_ && !inbox_.empty()) schedule_run({});
}

void Agent::leave(const std::string&) {
    alive_ = false;
    ++life_;
    world_.cluster.end(self_, ExitClass::stopped);
    world_.agent_ended(self_);
}

void Agent::post(Observation observation) {
    if (!alive_) return;
    world_.oracles.told(self_, observation);
    // What is told of the others from here on was asked from here on, as the host has it.
    if (std::holds_alternative<RecordSeen>(observation) &&
        state().replica.phase != ReplicaPhase::serving)
        for (Told& told : told_)
            told.status.reset();
    if (twice_ && is_seen(observation)) {
        world_.faults.felt(Fault::tell_twice);
        inbox_.push_back(observation);
    }
    inbox_.push_back(std::move(observation));
    const Span slow = world_.cluster.medium(self_).slow;
    schedule_run(slow.us > 0 ? world_.kernel.streams.between(self_, Purpose::weather, Span{}, slow)
                             : Span{});
}

// The desired replicas decide what a stop means: they are looked at first, as the host does.
void Agent::ask_to_stop() {
    const bool unread = !read_store();
    if (unread) told_desired_.reset();  // told as soon as they can be read, changed or not
    post(StopRequested{unread});
}

// What waits for one sync shares it: `before` is spent by the first alone.
void Agent::schedule_run(Span before) {
    if (run_scheduled_ || frozen_) return;
    run_scheduled_ = true;
    Happening next;
    next.kind = Kind::agent_run;
    next.target = self_;
    next.guard = life_;
    const Span usual = world_.kernel.streams.between(self_, Purpose::agent_delay, microseconds(300),
                                                     microseconds(3'000));
    world_.kernel.schedule(usual + before, next);
}

bool Agent::crashes_at(CrashPoint point, std::span<const Command> commands) {
    if (crash_.point != point) return false;
    const bool fits = crash_.command.empty() ||
                      std::any_of(commands.begin(), commands.end(), [&](const Command& one) {
                          return crash_.command == name_of(one.body);
                      });
    if (!fits) return false;
    crash_ = CrashPlan{};
    return true;
}

void Agent::run() {
    run_scheduled_ = false;
    if (frozen_ || inbox_.empty()) return;
    Observation first = std::move(inbox_.front());
    inbox_.pop_front();
    ++decisions_;
    if (engine_->take({&first, 1}) == Durable::no) return die();
    if (alive_ && !inbox_.empty()) schedule_run({});
}

Instant Agent::now() {
    if (!stands_) return world_.kernel.now + ahead_;
    return stands_->at + Span{(world_.kernel.now - stands_->since).us / standing_clock};
}

void Agent::stop_clock(bool stopped) {
    ahead_ = now() - world_.kernel.now;
    if (stopped)
        stands_ = Standing{now(), world_.kernel.now};
    else
        stands_.reset();
}

bool Agent::medium_fails() {
    const std::uint32_t errors = world_.cluster.medium(self_).errors;
    if (errors == 0 || !world_.kernel.streams.chance(self_, Purpose::weather, errors)) return false;
    world_.faults.felt(Fault::disk_errors);
    return true;
}

Durable Agent::commit(std::span<const Record> records) {
    for (const Record& record : records)
        if (crashes_at(CrashPoint::before_commit, record.decision.commands))
            journal_.fail_next_commit();
    if (!world_.cluster.medium(self_).sound() && (!takes_records() || medium_fails()))
        journal_.fail_next_commit();
    for (const Record& record : records)
        world_.faults.committing(record.decision.commands.size());
    if (!alive_) return Durable::no;
    if (!world_.config.forgets_to_commit && journal_.commit(records) == Durable::no)
        return Durable::no;
    for (const Record& record : records) {
        const Decision& decision = record.decision;
        if (!decision.commands.empty() && !world_.config.forgets_to_commit)
            committed_ = decision.commands.back().id;
        if (world_.watched())
            world_.config.onlooker->decided(world_, self_, record.event, decision);
        note_coverage(record);
        for (const RuleHit& hit : decision.hits)
            world_.kernel.note((static_cast<std::uint64_t>(hit.rule) << 24) |
                               (std::uint64_t{hit.from} << 16) | (std::uint64_t{hit.to} << 8) |
                               static_cast<std::uint64_t>(hit.verdict));
    }
    return Durable::yes;
}

// Before the decision is installed: the phases are those that the event met.
void Agent::note_coverage(const Record& record) {
    Coverage& coverage = world_.coverage;
    if (!record.decision.hits.empty()) {
        const std::uint8_t families_active = world_.faults.families_active(seconds(5));
        for (const RuleHit& hit : record.decision.hits)
            coverage.answered(hit.rule, hit.verdict, families_active);
    }
    const State& met = state();
    const std::size_t observation = record.event.observation.index();
    const auto note = [&](Machine machine, auto phase) {
        coverage.met(machine, static_cast<std::uint8_t>(phase), observation);
    };
    note(Machine::replica, met.replica.phase);
    note(Machine::volume, met.volume.phase);
    note(Machine::process, met.process.phase);
    note(Machine::cluster, met.cluster.phase);
    note(Machine::repair, met.repair.phase);
    note(Machine::authority, met.authority.phase);
    note(Machine::alarm, met.alarm.phase);
    note(Machine::space, met.space.phase);
}

void Agent::release(std::span<const Command> commands) {
    // Observations are taken one at a time here: what was decided last led to this state.
    Journal& journal = world_.volumes[self_].journal;
    const std::vector<Record>& durable = journal.records;
    if (durable.size() >= Journal::records_most)
        world_.oracles.refold(journal, Journal::records_least);
    if (!durable.empty()) {
        world_.oracles.decided(self_, state(), durable.back().decision);
        // By a report, or by an absence in which nobody could be heard.
        const Observation& seen = durable.back().event.observation;
        if (std::holds_alternative<PeerReported>(seen) ||
            std::holds_alternative<AgentStarted>(seen) || state().facts.slept_at == state().now)
            journal.peers = state().facts.peers;
        if (std::holds_alternative<AgentStarted>(seen)) journal.settings = state().facts.settings;
        keep_newest(journal, state().facts);
    }
    world_.faults.committed(commands.size());
    if (!alive_) return;
    if (crashes_at(CrashPoint::after_commit, commands)) return die();
    const bool dies = crashes_at(CrashPoint::after_release, commands);
    for (const Command& command : commands) {
        start_command(command);
        if (!alive_) return;
    }
    if (dies) die();
}

void Agent::start_command(const Command& command) {
    world_.faults.command_released(self_, command);
    if (destroys(command.body)) ++world_.destructive_commands;
    world_.oracles.released(self_, command.id, committed_);
    world_.oracles.issued(self_, command);
    world_.kernel.note((command.id.value << 8) | command.body.index());
    if (const auto* wake = std::get_if<WakeAt>(&command.body)) {
        Happening alarm;
        alarm.kind = Kind::wake;
        alarm.target = self_;
        alarm.guard = ++wake_guard_;
        const Span after = wake->at - now();
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
        if (!world_.network.linked(self_, o) || !world_.cluster.process(o).up()) continue;
        const Revision revision = world_.cluster.revision(o);
        if (compared.revision == Revision{} || revision < compared.revision)
            compared.revision = revision;
    }
    if (needs_password()) return compared;
    for (auto& [ordinal, hash] : compared.hashes) {
        const auto o = static_cast<std::uint8_t>(ordinal.value);
        if (!world_.network.linked(self_, o)) continue;
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
        if (!world.network.linked(agent.self_, via) || !world.cluster.process(via).answers())
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
        if (!world.network.linked(agent.self_, via))
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
        if (!world.network.linked(agent.self_, o))
            return refuse(Refusal::not_reachable, "connection refused");
        if (agent.needs_password()) return refuse(Refusal::not_possible, "permission denied");
        world.oracles.defragmenting(o);
        if (!world.cluster.defragment(o))
            return refuse(Refusal::not_reachable, "connection refused");
        agent.told_[o].status.reset();  // its size is another now
        done();
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
        if (!world.network.linked(agent.self_, via))
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
    if (ends_in_etcd(waiting.command.body) && now() >= waiting.command.deadline)
        return answer(waiting, Refused{Refusal::precondition, "its time has passed"});
    if (rests_on_desired(waiting.command.body))
        if (auto no = desired_moved_on()) return answer(waiting, std::move(*no));
    world_.oracles.carrying_out(self_, waiting.command);
    std::visit(Carry{*this, waiting}, waiting.command.body);
}

bool Agent::says_ready() const { return alive_ && !frozen_ && is_ready(state(), own_status()); }
bool Agent::awaits_peers() const {
    return alive_ && !frozen_ && quorate::awaits_peers(state(), own_status());
}
const MemberStatus& Agent::own_status() const {
    static const MemberStatus unknown;
    const ProbeFact* own = state().facts.probes.find(Ordinal{self_});
    return own == nullptr ? unknown : own->status;
}

void Agent::probe() {
    bool all_healthy = true;
    for (const Ordinal ordinal : probed_) {
        const auto o = static_cast<std::uint8_t>(ordinal.value);
        MemberStatus status =
            world_.network.linked(self_, o) ? world_.cluster.status(o) : MemberStatus{};
        if (status.serves && needs_password()) status.serves = false;
        all_healthy &= status.serves || status.learner;
        Told& told = told_[o];
        const bool changed = !told.status || without_growth(*told.status) != without_growth(status);
        if (changed || world_.kernel.now >= told.at + world_.config.policy.heartbeat_period) {
            told = {status, world_.kernel.now};
            post(ReplicaProbed{ordinal, status});
        }
        if (o != self_ || !status.answers || status.learner) continue;
        auto list = world_.cluster.members(o, Freshness::local);
        if (list && told_list_ != list) {
            told_list_ = list;
            post(MembersSeen{std::move(*list)});
        }
    }
    Happening next;
    next.kind = Kind::probe;
    next.target = self_;
    next.guard = life_;
    const Span period = world_.config.policy.probe_period;
    world_.kernel.schedule(all_healthy ? period : std::min(period, milliseconds(200)), next);
}

void Agent::renew_lease(std::uint64_t fence) {
    if (!alive_ || lease_.value != fence) return;
    const Span ttl = world_.config.policy.authority_ttl;
    const bool reached = !frozen_ && !api_refuses();
    const Instant now = world_.kernel.now;
    const bool ours = reached ? world_.store.renew(self_, lease_, ttl, now)
                              : world_.store.holds(self_, lease_, now + seconds(1));
    if (!ours) {
        post(AuthorityLost{lease_, "the lease was not renewed"});
        lease_ = Fence{};
        return;
    }
    Happening next;
    next.kind = Kind::renew_lease;
    next.target = self_;
    next.guard = fence;
    world_.kernel.schedule(Span{ttl.us / 3}, next);
}

void Agent::happen(const Happening& what) {
    if (what.kind == Kind::renew_lease) return renew_lease(what.guard);
    if (what.kind == Kind::wake) {
        if (alive_ && what.guard == wake_guard_) post(TimerFired{});
        return;
    }
    if (!alive_ || what.guard != life_) return;
    if (frozen_ && what.kind != Kind::agent_run) {
        // Time stands still for it: the same again a little later.
        Happening again = what;
        return world_.kernel.schedule(milliseconds(100), again);
    }
    if (what.kind == Kind::agent_run) return run();
    if (what.kind == Kind::probe) return probe();
    if (what.kind == Kind::peers) return tick_peers();
    if (what.kind == Kind::peer_letter) return read_letter(what.payload);
    if (what.kind == Kind::watch) return watching_ ? look_at_api() : void();
    if (what.kind == Kind::relist) return relist();
    if (what.kind == Kind::news_again) return hear_again(what.payload);
    if (what.kind == Kind::execute) return execute(what.payload);
    if (what.kind == Kind::answer_overdue) {
        const CommandId id = waiting_[what.payload].command.id;
        waiting_[what.payload].free = true;
        post(CommandEnded{id, Unknown{"no answer by the deadline"}, Nothing{}});
    }
}

}  // namespace quorate::sim
