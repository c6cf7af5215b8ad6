#include "adapters/local/store.hpp"

#include "adapters/local/desired.hpp"
#include "adapters/local/record.hpp"

namespace quorate::local {

Result<std::optional<Desired>> FileStore::desired() { return read_desired(layout_.desired()); }
Result<std::optional<ClusterRecord>> FileStore::record() { return read_record(layout_.record()); }
Result<Swapped> FileStore::swap(const WriteRecord& write) {
    return swap_record(layout_.record(), layout_.lease(), write);
}
Result<Fence> FileStore::acquire(Span ttl) { return lease_.acquire(ttl); }
Result<void> FileStore::renew(Fence fence, Span ttl) { return lease_.renew(fence, ttl); }
Result<void> FileStore::release(Fence fence) { return lease_.release(fence); }
Result<bool> FileStore::holds(Fence fence, Span margin) { return lease_.holds(fence, margin); }
std::optional<Ordinal> FileStore::holder() {
    const auto holder = lease_.holder();
    return holder ? *holder : std::nullopt;
}

}  // namespace quorate::local
