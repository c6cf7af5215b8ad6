// A life as lanes in a terminal: a line for each transition, a lane for each thing that changes,
// legible without colour. What merely grows (applied entries) is shown, and is no transition.
// `legend` says what the letters mean; docs/operations.md has the same.
#pragma once

#include <string>
#include <vector>

#include "core/base/instant.hpp"
#include "sim/world/onlooker.hpp"

namespace quorate::sim {

// One replica at one instant.
struct ReplicaGlimpse {
    char pod = '.';
    char role = '.';  // of etcd
    std::uint64_t term = 0;
    std::uint64_t applied = 0;
    char disk = '.';
    std::string phase;  // of the agent; empty: it does not run
    bool authority = false;

    // But for what merely grows.
    bool same(const ReplicaGlimpse& other) const {
        return pod == other.pod && role == other.role && term == other.term && disk == other.disk &&
               phase == other.phase && authority == other.authority;
    }
};

struct Glimpse {
    Instant at;
    std::uint64_t record = 0;  // its revision
    std::uint32_t desired = 0;
    std::string work;    // of whoever holds authority: "1 repairing", "1 2:catching_up"
    std::string faults;  // those that go on, by id
    std::vector<ReplicaGlimpse> replicas;

    bool same(const Glimpse& other) const;
};
Glimpse glimpse_of(const World& world, std::size_t replicas);

inline constexpr std::size_t columns_max = 160;  // of a line with three replicas
std::string legend();
std::string lanes_heading(std::size_t replicas);
// `what`: what no lane shows. Cut, so that it costs no line of its own.
std::string lanes_line(const Glimpse& glimpse, const std::string& what);

class Lanes final : public Onlooker {
  public:
    explicit Lanes(std::string& into) : into_(into) { into_ += legend(); }

    void said(const World& world, const std::string& line) override;
    void decided(const World& world, std::uint8_t o, const Event& event,
                 const Decision& decision) override;
    void happened(const World& world, const Happening& what) override;

  private:
    static constexpr std::size_t heading_every = 40;

    void draw(const Glimpse& now);

    std::string& into_;
    Glimpse shown_;
    std::string rules_;  // of this event's decisions: told where they changed something
    std::string news_;   // told in any case
    std::size_t lines_ = 0;
};

}  // namespace quorate::sim
