// Authority over membership, for agents on one machine: a file with its holder, a fencing counter
// that each grant raises, and an expiry in time since boot. A lease from before a reboot is free.
#pragma once

#include <filesystem>
#include <optional>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"
#include "core/base/instant.hpp"

namespace quorate::local {

class Lease {
  public:
    Lease(std::filesystem::path path, Ordinal self) : path_(std::move(path)), self_(self) {}

    // Refused while somebody else holds it.
    Result<Fence> acquire(Span ttl) const;
    // Refused when it was taken by somebody else meanwhile.
    Result<void> renew(Fence fence, Span ttl) const;
    // Nothing to do when it is no longer ours.
    Result<void> release(Fence fence) const;
    // Is it ours with this fence, for at least `margin` longer?
    Result<bool> holds(Fence fence, Span margin) const;
    // The highest fence ever granted.
    Result<Fence> latest() const;
    // Who holds it now; nullopt: nobody.
    Result<std::optional<Ordinal>> holder() const;

  private:
    std::filesystem::path path_;
    Ordinal self_;
};

}  // namespace quorate::local
