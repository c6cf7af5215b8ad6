// A range of ports of 127.0.0.1 for one cluster, kept from other tests on this machine for as long
// as it lives.
#pragma once

#include <cstdint>
#include <optional>

#include "adapters/local/files.hpp"

namespace quorate::e2e {

class Ports {
  public:
    Ports();
    std::uint16_t base() const { return base_; }

  private:
    std::uint16_t base_ = 0;
    std::optional<local::FileLock> lock_;
};

}  // namespace quorate::e2e
