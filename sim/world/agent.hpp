// One simulated agent: the core's state, its inbox in order, and the adapters it would have. An
// observation is stamped, stepped, committed to the volume's journal, installed, and only then are
// its commands released (core/engine, the five-line heart). Commands take time; their answers may
// be lost; the agent may die between any two of these lines.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/step.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/world/disk.hpp"

namespace quorate::sim {

class World;

enum class CrashPoint : std::uint8_t { none, before_commit, after_commit, after_release };

// Dies at the next decision that holds a command of this name; empty: at the next decision.
struct CrashPlan {
    CrashPoint point = CrashPoint::none;
    std::string command;
};

class Agent {
  public:
    Agent(World& world, std::uint8_t self) : world_(world), self_(self) {}

    bool alive() const { return alive_; }
    const State& state() const { return state_; }
    std::uint64_t life() const { return life_; }
    void plan_crash(CrashPlan plan) { crash_ = std::move(plan); }
    void freeze(bool frozen);

    void start();
    void die();  // at once, with its etcd
    void post(Observation observation);
    void ask_to_stop();
    void store_changed();  // the watch will tell of it, late
    void request_ended(CommandId id, std::variant<Done, Refused, Unknown> outcome, Brought brought);
    void happen(const Happening& what);

    // How many cases of each were seen, for the run's report.
    std::uint64_t decisions() const { return decisions_; }

  private:
    struct Told {
        std::optional<MemberStatus> status;
        Instant at;
    };
    struct Waiting {
        Command command;
        bool answer_lost = false;
        bool free = true;
    };
    struct Carry;

    void run();
    bool crashes_at(CrashPoint point, const Decision& decision);
    void schedule_run();
    void release(Command command);
    void execute(std::uint32_t slot);
    void answer(const Waiting& waiting, std::variant<Done, Refused, Unknown> outcome,
                Brought brought = Nothing{});
    void probe();
    void look_at_store();
    void renew_lease(std::uint64_t fence);
    void leave(const std::string& why);
    Settings settings() const;
    ContentCompared compare(const std::vector<Ordinal>& replicas) const;
    DiskReport examine() const;
    bool fenced(Fence fence) const;

    World& world_;
    std::uint8_t self_;
    bool alive_ = false;
    bool frozen_ = false;
    std::uint64_t life_ = 0;
    State state_;
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
    Fence lease_;
    std::uint64_t decisions_ = 0;
};

}  // namespace quorate::sim
