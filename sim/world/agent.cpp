#include "sim/world/agent.hpp"

#include <algorithm>
#include <utility>

#include "core/facts/growth.hpp"
#include "core/rules/readiness.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// Where a wall clock begins that nothing has set: an agent starts some seconds after the machine.
constexpr Instant without_battery = Instant{} + seconds(10);

// Of no event that there is.
constexpr std::uint32_t unknown_tag = 4'000;

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
    settings.quota = Bytes{world_.config.quota_mib << 20};
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
    paced_since_ = world_.kernel.now;
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
    world_.kernel.note_deed(std::uint64_t{self_} << 8 | observation.index());
    world_.oracles.told(self_, observation);
    // What is told of the others from here on was asked from here on, as the host has it.
    if (std::holds_alternative<RecordSeen>(observation) &&
        state().replica.phase != ReplicaPhase::serving)
        for (Told& told : told_)
            told.status.reset();
    // The core forgets what this etcd said; an equal answer of the next one is news
    // [adapters/host/outbox.cpp Outbox::etcd_exited].
    if (std::holds_alternative<EtcdExited>(observation)) {
        told_[self_].status.reset();
        told_list_.reset();
    }
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
    const Instant world = world_.kernel.now;
    if (pace_ == usual_pace) return world + ahead_;
    const std::int64_t passed = (world - paced_since_).us;
    return paced_since_ + ahead_ + Span{passed * pace_ / usual_pace};
}

void Agent::set_pace(std::int64_t pace) {
    ahead_ = now() - world_.kernel.now;
    paced_since_ = world_.kernel.now;
    pace_ = pace;
    if (pace != standing_pace && pace != usual_pace)
        world_.faults.felt(pace > usual_pace ? Fault::clock_fast : Fault::clock_slow);
}

void Agent::post_unknown() {
    if (alive_) post(UnknownObservation{unknown_tag, ""});
}

void Agent::forget_unknown() {
    std::erase_if(inbox_, [](const Observation& observation) {
        return std::holds_alternative<UnknownObservation>(observation);
    });
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
            world_.kernel.note_deed((static_cast<std::uint64_t>(hit.rule) << 24) |
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
    bool all_serve = true;  // a learner does not, and is asked as often [Prober::tick]
    for (const Ordinal ordinal : probed_) {
        const auto o = static_cast<std::uint8_t>(ordinal.value);
        MemberStatus status =
            world_.network.connects(self_, o) ? world_.cluster.status(o) : MemberStatus{};
        if (status.serves && needs_password()) status.serves = false;
        if (status.serves) world_.cluster.read_through(o);
        if (!status.answers && o != self_) status.unresolved = !world_.names.answers(self_, o);
        all_serve &= status.serves;
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
    world_.kernel.schedule(all_serve ? period : std::min(period, milliseconds(200)), next);
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
