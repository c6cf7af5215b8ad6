// Faults of one life: per seed a random subset of kinds is live, with weights that differ by orders
// of magnitude, so that rare combinations are not drowned by the common ones (swarm testing).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sim/world/world.hpp"

namespace quorate::sim {

enum class Fault : std::uint8_t {
    kill_etcd,
    kill_agent,
    delete_pod,
    crash_point,
    wipe,
    roll_back,
    swap,
    clone,
    isolate,
    one_way,
    store_cut,
    heal,
    freeze,
    hold,
    release,
    scale,
    lost_answers,
    count_,
};
const char* name_of(Fault fault);

class Swarm {
  public:
    explicit Swarm(World& world);

    // What may happen in this life, for the report.
    std::string live_kinds() const;
    // Does one thing, or nothing when it does not apply.
    void act();
    Span next_gap();
    std::uint64_t injected() const { return injected_; }

  private:
    std::uint64_t draw(std::uint64_t bound) {
        return world_.kernel.streams.below(Streams::world, Purpose::fault, bound);
    }
    std::uint8_t some_replica();
    void inject(Fault fault);

    World& world_;
    std::array<std::uint32_t, static_cast<std::size_t>(Fault::count_)> weights_{};
    std::uint64_t injected_ = 0;
    std::uint32_t losses_left_ = 0;
    bool many_and_short_ = false;
};

}  // namespace quorate::sim
