// One simulated agent: the product's engine, its inbox in order, and the adapters it would have,
// which are this class. Commands take time; their answers may be lost; the agent may die between
// any two lines of the engine: in its journal, before the first command or after the last.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/engine.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/ports/journal.hpp"
#include "sim/world/disk.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

// before_commit: the power fails in the commit, and nothing of it is kept.
enum class CrashPoint : std::uint8_t { none, before_commit, after_commit, after_release };

// Dies at the next decision that holds a command of this name; empty: at the next decision.
struct CrashPlan {
    CrashPoint point = CrashPoint::none;
    std::string command;
};

// A request that never arrived, or one that was carried out and nobody is told.
enum class LostOn : std::uint8_t { way_there, way_back };

// The engine of one agent, life after life. Assigned another's it stands where that one does, and
// drives the ports of its own agent.
class OwnEngine {
  public:
    OwnEngine(Engine::Ports ports, Core core) : ports_(ports), core_(core) { open(State{}); }
    OwnEngine& operator=(const OwnEngine& other) {
        open(other->state());
        return *this;
    }
    void open(State state) { engine_.emplace(ports_, std::move(state), core_); }
    Engine* operator->() { return &*engine_; }
    const Engine* operator->() const { return &*engine_; }

  private:
    Engine::Ports ports_;
    Core core_;
    std::optional<Engine> engine_;
};

class Agent final : private PartOfWorld,
                    private JournalPort,
                    private OutboxPort,
                    private ClockPort {
  public:
    Agent(World& world, std::uint8_t self);

    bool alive() const { return alive_; }
    bool frozen() const { return frozen_; }
    bool crash_planned() const { return crash_.point != CrashPoint::none; }
    const State& state() const { return engine_->state(); }
    std::uint64_t life() const { return life_; }
    void plan_crash(CrashPlan plan) { crash_ = std::move(plan); }
    void freeze(bool frozen);
    // Its clock is ahead of the world's by so much more; it never goes back.
    void jump(Span ahead) { ahead_ = ahead_ + ahead; }
    // The wall clock, which is read once in a life [adapters/clock EventClock].
    void set_wall(Span ahead) { wall_ = ahead; }
    // How far its clock gets in a million of the world's; one that stands still creeps, or nothing
    // would ever be due.
    static constexpr std::int64_t usual_pace = 1'000'000;
    static constexpr std::int64_t standing_pace = 10'000;
    void set_pace(std::int64_t pace);
    std::int64_t pace() const { return pace_; }
    Instant now() override;
    Span until_overdue(const Command& command);  // when it counts as unknown

    void start();
    void die();         // at once, with its etcd
    void leave_etcd();  // at once, and its etcd runs on
    // What it sees is told twice.
    void tell_twice(bool twice) { twice_ = twice; }
    bool tells_twice() const { return twice_; }
    bool ages() const { return !frozen_ && pace_ != standing_pace; }  // time passes for it
    void post(Observation observation);
    // What a later release told it: in its journal, or by an adapter.
    void post_unknown();
    void forget_unknown();  // where it has not met it yet
    // It decides nothing beyond its replica any more, as long as it lives.
    bool halted() const { return alive_ && !state().facts.unknown_event.empty(); }
    // Whoever asked etcd of this replica for something is not told how it ended.
    void break_off(std::uint8_t via);
    // False: no command of this number is under way to somewhere else.
    bool lose(std::uint64_t number, LostOn way);
    void ask_to_stop();
    void store_changed();  // the watch will tell of it, late
    // Its watch ends, and it lists anew; false: it has none.
    bool drop_watch();
    // It asks another API server, at once; false: it asks nobody, or that one already.
    bool fail_over(std::uint8_t instance);
    void request_ended(CommandId id, std::variant<Done, Refused, Unknown> outcome, Brought brought);
    void happen(const Happening& what);

    // What this agent remembers of another replica's volume, and since when it runs without having
    // been stopped: one that is stopped now has not run at all.
    const Remembered& memory_of(std::uint8_t o) const { return memory_[o]; }
    Instant runs_since() const { return runs_since_; }

    // What its status says; one that is stopped says nothing.
    bool says_ready() const;
    bool awaits_peers() const;

    // How many cases of each were seen, for the run's report.
    std::uint64_t decisions() const { return decisions_; }

  private:
    struct Told {
        std::optional<MemberStatus> status;
        Instant at;
    };
    struct Waiting {
        Command command;
        std::uint64_t number = 0;  // as faults count them
        bool request_lost = false;
        bool answer_lost = false;
        bool begun = false;  // only its answer is still to come
        bool free = true;
    };
    // A report on its way to this agent, by whom it was told.
    struct Letter {
        PeerReport report;
        std::uint8_t from = 0;
        bool answered = false;  // by the one that gets it
        bool free = true;
    };
    struct Peer {
        Remembered told;                           // what this agent told it last
        std::optional<ContentFound> told_content;  // the same, without what merely grows
        std::optional<PeerReport> posted;
        PeerReport posted_identities;  // without what merely grows
        Instant told_at;
        Instant posted_at;
        bool asked = false;
    };
    struct Carry;

    // The engine's ports.
    Durable commit(std::span<const Record> records) override;
    void release(std::span<const Command> commands) override;

    void note_coverage(const Record& record);
    void open(State state);  // the engine of a new life
    void run();
    bool crashes_at(CrashPoint point, std::span<const Command> commands);
    void schedule_run(Span before);
    void start_command(const Command& command);
    void execute(std::uint32_t slot);
    void answer(const Waiting& waiting, std::variant<Done, Refused, Unknown> outcome,
                Brought brought = Nothing{});
    void answer_after(const Waiting& waiting, Span takes);
    void await_in_vain(std::uint32_t slot);
    bool medium_fails();
    bool may_open() const;
    bool takes_records() const;
    bool needs_password() const;
    void keep_time();
    void probe();
    // agent_api.cpp: what an adapter of the host's API does.
    void look_at_api();
    void relist();
    void relist_later();
    void hear_again(std::uint64_t version);
    bool tell_desired(const std::optional<Desired>& desired);
    bool tell_record(const std::optional<ClusterRecord>& record);
    bool read_store();
    std::optional<Refused> api_refuses() const;
    std::optional<Refused> desired_moved_on();
    void renew_lease(std::uint64_t fence);
    void leave(const std::string& why);
    Settings settings() const;
    // agent_peers.cpp: what adapters/host/peers.cpp does.
    void begin_peers();
    void tick_peers();
    void exchange();
    void tell(std::uint8_t peer, bool answered);
    Letter& post_letter();
    void read_letter(std::uint32_t slot);
    void hear(std::uint8_t from, const PeerReport& report);
    void write_report(PeerReport& report);

    ContentCompared compare(const std::vector<Ordinal>& replicas) const;

    const MemberStatus& own_status() const;
    bool fenced(Fence fence) const;

    std::uint8_t self_;
    bool alive_ = false;
    bool frozen_ = false;
    bool twice_ = false;
    Span ahead_;
    Span wall_;
    std::int64_t pace_ = usual_pace;
    Instant paced_since_;  // by the world's clock; `ahead_` is what it was ahead then
    std::uint64_t life_ = 0;
    Version etcd_;  // the program that this life found
    VolumeJournal journal_;
    OwnEngine engine_;
    std::deque<Observation> inbox_;
    bool run_scheduled_ = false;
    CommandId committed_;
    CrashPlan crash_;
    std::vector<Waiting> waiting_;
    std::uint64_t wake_guard_ = 0;

    std::vector<Ordinal> probed_;
    std::array<Told, 16> told_{};
    std::optional<MemberList> told_list_;
    std::optional<Desired> told_desired_;
    bool told_record_ = false;
    RecordRevision told_revision_;
    bool watching_ = false;
    std::uint64_t told_version_ = 0;  // of the store, by the API
    Fence lease_;
    Instant runs_since_;

    std::uint64_t boot_ = 0;
    std::uint64_t sequence_ = 0;
    Lineage lineage_;
    Remembered own_;
    std::optional<ContentFound> found_identities_;  // its last finding, without what merely grows
    std::array<Remembered, 16> memory_{};
    std::array<Peer, 16> peers_{};
    std::vector<Letter> letters_;
    PeerReport heard_;  // the last report, without what merely grows
    std::uint64_t decisions_ = 0;
};

}  // namespace quorate::sim
