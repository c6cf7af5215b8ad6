// What people ask of a running agent, over its unix socket: status, recent decisions, recovery, its
// journal. Answers come from copies that the main thread publishes; no caller ever waits for it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "adapters/base/result.hpp"
#include "adapters/host/agent.hpp"
#include "core/engine/ports.hpp"

namespace quorate::host {

// What is true of the agent's surroundings and no part of the core's state.
struct Surroundings {
    std::int32_t etcd_pid = 0;
    std::map<std::uint32_t, MemberStatus> latest;  // newest probes, by ordinal
    std::optional<Ordinal> authority;              // who holds the lease now
    std::optional<ControlPlaneReport> control_plane;
};

class Service {
  public:
    static Result<std::unique_ptr<Service>> start(const AgentConfig& config,
                                                  std::function<void(std::string)> approve);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    void decided(const Record& record);
    void publish(const State& state, Surroundings surroundings);

  private:
    struct Shared;
    explicit Service(std::unique_ptr<Shared> shared);
    std::unique_ptr<Shared> shared_;
};

}  // namespace quorate::host
