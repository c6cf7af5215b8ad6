// Prometheus text on the agent's metrics port (GET /metrics).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "adapters/base/result.hpp"
#include "core/model/decision.hpp"
#include "core/model/state.hpp"

namespace quorate::metrics {

class Metrics {
  public:
    // "127.0.0.1:2381". Refused when the port is taken.
    static Result<std::unique_ptr<Metrics>> serve(const std::string& address, Ordinal self);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    void decided(const Decision& decision);
    void state_is(const State& state);
    void peer_heard(Ordinal peer);
    void peer_refused(const char* why);

  private:
    struct Families;
    explicit Metrics(std::unique_ptr<Families> families);
    std::unique_ptr<Families> families_;
};

}  // namespace quorate::metrics
