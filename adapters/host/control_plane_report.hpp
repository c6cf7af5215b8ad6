// What people are told of the control plane beside etcd.
#pragma once

#include <cstdint>
#include <string>

namespace quorate::host {

struct ControlPlaneReport {
    bool running = false;  // not while it is on its way out
    std::int32_t pid = 0;  // 0: there is no process
    // Ends by itself, and failures to start it, in this life of the agent.
    std::uint32_t exits = 0;
    std::string last_exit = {};  // the last of them in words: "ended by itself, signal 9"

    bool operator==(const ControlPlaneReport&) const = default;
};

}  // namespace quorate::host
