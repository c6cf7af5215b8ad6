// Who looks on while a life goes by. Nothing of it depends on being looked at: the same seed is the
// same life with an onlooker and without.
#pragma once

#include <cstdint>
#include <string>

#include "core/model/decision.hpp"
#include "core/model/observation.hpp"
#include "sim/kernel/queue.hpp"

namespace quorate::sim {

class World;

class Onlooker {
  public:
    virtual ~Onlooker() = default;
    // What no state shows: a fault that falls, a process that ends, a promise that breaks.
    virtual void said(const World& world, const std::string& line) = 0;
    virtual void decided(const World& world, std::uint8_t o, const Event& event,
                         const Decision& decision) = 0;
    virtual void happened(const World& world,
                          const Happening& what) = 0;  // what has just done its part
};

}  // namespace quorate::sim
