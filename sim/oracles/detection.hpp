// L4: what is wrong and can be seen is noticed within two checks of the content: a CORRUPT alarm, a
// volume that is not what its member last ran on, a learner that comes no further. Content that
// differs in silence is S14.
#pragma once

#include <array>
#include <cstdint>

#include "sim/oracles/findings.hpp"
#include "sim/world/network.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

class Detection : private PartOfOracles {
  public:
    Detection(World& world, Findings& findings) : PartOfOracles(world, findings) {}

    void audit();

  private:
    // Since when it could be seen without a break; by whom, and of whom.
    struct Sight {
        std::uint64_t of = 0;
        Instant since;
        Instant noticed_at;  // last
    };

    // True: it could be seen for longer than `bound`.
    bool overdue(Sight& sight, std::uint64_t of, Span bound);
    void look_at_alarm(std::uint8_t o);
    void look_at_volume(std::uint8_t o);
    void look_at_learner();
    bool sees(std::uint8_t agent) const;
    bool hears_its_etcd(std::uint8_t agent);
    bool time_stands_for_who_acts() const;
    bool reads_the_store(std::uint8_t agent) const;
    Span bound() const;

    std::array<Sight, Network::size> alarms_{};
    Sight learner_;
    std::array<Sight, Network::size> volumes_{};
};

}  // namespace quorate::sim
