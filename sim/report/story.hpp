// A life told in words as it goes by: every decision with its rules and commands, faults, deaths
// and broken promises, each with its time.
#pragma once

#include <string>

#include "sim/world/onlooker.hpp"

namespace quorate::sim {

class Story final : public Onlooker {
  public:
    explicit Story(std::string& into) : into_(into) {}

    void said(const World& world, const std::string& line) override;
    void decided(const World& world, std::uint8_t o, const Event& event,
                 const Decision& decision) override;
    void happened(const World&, const Happening&) override {}

  private:
    std::string& into_;
};

}  // namespace quorate::sim
