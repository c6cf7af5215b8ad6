// What an agent counts, as Prometheus reads it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/model/decision.hpp"
#include "core/model/state.hpp"

namespace quorate::metrics {

class Metrics {
  public:
    explicit Metrics(Ordinal self);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    void decided(const Decision& decision);
    void state_is(const State& state);
    // Where there is one; before, it has no metrics.
    void control_plane_is(bool running, std::uint32_t exits);
    // Where they are looked after; "peer" is peer.crt.
    void certificate_ends(const std::string& name, Instant wall);
    void peer_heard(Ordinal peer);
    void peer_refused(const char* why);

    std::string text() const;  // the exposition format, 0.0.4

  private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace quorate::metrics
