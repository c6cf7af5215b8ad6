#include <signal.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "tools/quorate/home.hpp"
#include "tools/quorate/setup.hpp"
#include "tools/quorate/supervisor.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

constexpr Span margin = seconds(30);  // on top of the agents' grace period
constexpr Span leftover_grace = seconds(10);

Span patience_of(const local::Layout& layout) {
    const auto setup = read_setup(layout.setup());
    const host::Choices choices = setup && *setup ? (*setup)->choices : host::Choices();
    return choices.grace_period + margin;
}

// The lock is released when it has ended and all its agents with it.
bool gone_in_time(const local::Layout& layout, pid_t pid, Span patience) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(patience.us);
    while (running_up(layout) == pid) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return true;
}

Exit down(const std::string& dir) {
    const local::Layout layout = home_at(dir);
    if (auto machine = must_not_be_in_a_pod(layout, "use kubectl scale statefulset --replicas 0");
        !machine)
        return fail(Exit::usage, machine.error());
    if (auto home = must_be_home(layout); !home) return fail(Exit::usage, home.error());
    const auto pid = running_up(layout);
    if (pid) {
        if (*pid <= 1 || ::kill(*pid, SIGTERM) != 0)
            return fail(Exit::failed, layout.up_lock().string() +
                                          ": quorate up cannot be told to stop; is it another "
                                          "user's?");
        if (!gone_in_time(layout, *pid, patience_of(layout)))
            return fail(Exit::timed_out, "quorate up (pid " + std::to_string(*pid) +
                                             ") has not ended; see " + layout.up_log().string());
    }
    // Also what an `up` that was killed left behind.
    if (auto ended = end_leftovers(layout, leftover_grace); !ended)
        return fail(Exit::failed, ended.error());
    std::cout << (pid ? "stopped" : "nothing ran") << "; all data is kept in "
              << layout.root().string() << std::endl;
    return Exit::ok;
}

}  // namespace

void add_down(CLI::App& app, Exit& exit) {
    auto dir = std::make_shared<std::string>(default_dir());
    CLI::App* verb = app.add_subcommand("down", "stops all, keeps all data");
    verb->add_option("--dir", *dir, "of the cluster")->capture_default_str();
    verb->callback([dir, &exit] { exit = down(*dir); });
}

}  // namespace quorate::cli
