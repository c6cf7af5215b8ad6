// S10: ordinal, member id, name, peer URL and volume belong together one to one, and never do two
// live processes run as one member or on one directory. No fault excuses anything here: what a
// clone or a swap put on a volume must not be started, and etcd itself keeps peer URLs apart.
#pragma once

#include <cstdint>

#include "core/model/record.hpp"
#include "sim/oracles/findings.hpp"
#include "sim/world/cluster.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

class Identities : private PartOfOracles {
  public:
    Identities(World& world, Findings& findings) : PartOfOracles(world, findings) {}

    void listed(std::uint8_t o);    // applied a list, or a name in it
    void spawning(std::uint8_t o);  // is told to start its etcd
    void starting(std::uint8_t o, const EtcdData& data);
    void recorded(const ClusterRecord& record);
};

}  // namespace quorate::sim
