// The shared files of a cluster on one machine, in the form that every agent asks for.
#pragma once

#include "adapters/base/store.hpp"
#include "adapters/local/layout.hpp"
#include "adapters/local/lease.hpp"

namespace quorate::local {

class FileStore final : public Store {
  public:
    FileStore(Layout layout, Ordinal self)
        : layout_(std::move(layout)), lease_(layout_.lease(), self) {}

    Result<std::optional<Desired>> desired() override;
    Result<std::optional<ClusterRecord>> record() override;
    Result<Swapped> swap(const WriteRecord& write) override;
    Result<Fence> acquire(Span ttl) override;
    Result<void> renew(Fence fence, Span ttl) override;
    Result<void> release(Fence fence) override;
    Result<bool> holds(Fence fence, Span margin) override;
    std::optional<Ordinal> holder() override;

  private:
    Layout layout_;
    Lease lease_;
};

}  // namespace quorate::local
