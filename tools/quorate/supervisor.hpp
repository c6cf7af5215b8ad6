// The part of a StatefulSet controller and its kubelet, for one machine: one agent process for each
// desired replica. It starts those that are missing, starts those that ended again with a back-off,
// and ends those that are too many, SIGTERM first and SIGKILL after the grace period. Desired
// replicas come from cluster/desired.json, at once when it changes. It never waits for membership:
// that is the agents' business.
//
// ordered: replicas are made one after the other, each when the one before is ready, and ended from
// the highest, one at a time. parallel: all at once. A crash is answered at once under both.
//
// Everything happens on the thread that calls run(), which must be the main thread and must have
// blocked SIGTERM, SIGINT and SIGCHLD before any other thread was made: agents get SIGTERM when the
// thread that started them ends (PR_SET_PDEATHSIG).
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "adapters/local/layout.hpp"
#include "core/base/limits.hpp"
#include "core/model/policy.hpp"
#include "tools/quorate/setup.hpp"

namespace quorate::cli {

class Supervisor {
  public:
    struct Hooks {
        std::function<void(const std::string& line)> tell;   // what it did, in a line
        std::function<void(const Desired& desired)> scaled;  // the desired replicas changed
        std::function<void()> started;                       // the first agents are there
    };

    Supervisor(local::Layout layout, Setup setup, Hooks hooks);

    // Until SIGTERM or SIGINT, and all agents have ended.
    void run();

  private:
    using Clock = std::chrono::steady_clock;
    struct Slot {
        pid_t pid = 0;         // 0: does not run
        bool created = false;  // runs, or ended by itself and is to run again
        bool ending = false;   // was asked to end
        bool killed = false;
        Clock::time_point started_at;
        Clock::time_point restart_at;
        Clock::time_point kill_at;
        Clock::duration backoff{};
    };

    void read_desired();
    void take_signals();
    void reap();
    void ended(std::uint32_t ordinal, int status);
    void reconcile();
    void end_surplus();
    void start_missing();
    void start(std::uint32_t ordinal);
    void ask_to_end(std::uint32_t ordinal);
    void kill_overdue();
    bool may_follow(std::uint32_t ordinal);
    bool all_gone() const;
    int wait_ms() const;
    std::uint32_t wanted() const;

    local::Layout layout_;
    Setup setup_;
    Hooks hooks_;
    std::optional<Desired> desired_;
    std::string desired_fault_;  // told once
    std::array<Slot, limits::replicas_max> slots_;
    int stops_ = 0;  // how often it was asked to stop: the second time it kills
    bool told_started_ = false;
    int signals_ = -1;
    int changes_ = -1;
};

// Blocks the signals that a Supervisor takes; for the start of the program.
void block_signals();

// Ends agents that an `up` which was killed left behind.
Result<void> end_leftovers(const local::Layout& layout, Span grace);

}  // namespace quorate::cli
