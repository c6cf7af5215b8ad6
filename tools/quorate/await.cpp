#include "tools/quorate/await.hpp"

#include <chrono>
#include <iostream>
#include <thread>

#include "adapters/host/settings.hpp"
#include "tools/quorate/agents.hpp"
#include "tools/quorate/home.hpp"

namespace quorate::cli {
namespace {

constexpr auto look_period = std::chrono::milliseconds(200);

std::string text_of(const nlohmann::json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

Exit did_not_come(const Awaited& awaited, const nlohmann::json& status, Span timeout) {
    std::string line = "not " + awaited.state;
    if (awaited.replicas) line += " with " + std::to_string(*awaited.replicas) + " replicas";
    line += " after " + host::to_text(timeout) + ": phase is " + text_of(status["phase"]) +
            ", desired " + text_of(status["desired"]) + ", ready";
    for (const auto& member : status["members"])
        if (member["ready"] == true) line += " " + text_of(member["ordinal"]);
    const auto& parked = status["parked"];
    if (parked.is_null()) return fail(Exit::timed_out, line + "; see quorate status and explain");
    return fail(Exit::refused, line + "; parked: " + text_of(parked["reason"]) +
                                   "; next step: " + text_of(parked["next_step"]));
}

}  // namespace

bool has_come(const Awaited& awaited, const nlohmann::json& status) {
    if (awaited.replicas && status["desired"] != *awaited.replicas) return false;
    // A cluster that parked because of it has still lost its quorum.
    if (awaited.state == "quorum-lost") return status["quorum_lost"] == true;
    if (awaited.state == "paused") return status["phase"] == "paused" && status["members"].empty();
    return status["phase"] == awaited.state;
}

Exit await(const local::Layout& layout, const Awaited& awaited, Span timeout) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(timeout.us);
    for (;;) {
        const nlohmann::json status = cluster_status(layout);
        if (has_come(awaited, status)) return Exit::ok;
        if (!running_up(layout))
            return fail(Exit::unreachable, layout.root().string() +
                                               ": nothing runs here any more; start it with "
                                               "quorate up");
        if (std::chrono::steady_clock::now() >= deadline)
            return did_not_come(awaited, status, timeout);
        std::this_thread::sleep_for(look_period);  // what agents do comes with no event
    }
}

}  // namespace quorate::cli
