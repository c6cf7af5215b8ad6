// Ports of 127.0.0.1 for the members of one cluster, kept from others on this machine while it
// lives. Below the ports that the kernel hands out by itself, above those of the other tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "adapters/local/files.hpp"

namespace quorate::xv {

class PortRange {
  public:
    static constexpr std::uint8_t members = 9;
    static constexpr std::uint16_t of_each = 3;

    PortRange();
    const std::string& fault() const { return fault_; }
    std::uint16_t at(std::uint8_t member, std::uint16_t which) const {
        return static_cast<std::uint16_t>(base_ + member * of_each + which);
    }

  private:
    std::uint16_t base_ = 0;
    std::string fault_;
    std::optional<local::FileLock> lock_;
};

}  // namespace quorate::xv
