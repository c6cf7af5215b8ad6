// What a life amounts to, in a few lines: who was let in and taken out, whose data was moved away
// or rebuilt, what was parked. It names no times and no ids: a change of the core that shifts them
// alone changes nothing here.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/base/limits.hpp"
#include "sim/world/onlooker.hpp"

namespace quorate::sim {

class Milestones final : public Onlooker {
  public:
    // Whoever looks on as well; may be null.
    explicit Milestones(Onlooker* beside = nullptr) : beside_(beside) {}

    void said(const World& world, const std::string& line) override;
    void decided(const World& world, std::uint8_t o, const Event& event,
                 const Decision& decision) override;
    void happened(const World& world, const Happening& what) override;

    // "adds replica 2 as a learner", one after another; what follows itself stands once.
    const std::vector<std::string>& lines() const { return lines_; }

  private:
    void add(const std::string& line);

    Onlooker* beside_;
    std::vector<std::string> lines_;
    std::array<bool, limits::replicas_max> founded_{};
};

}  // namespace quorate::sim
