// What all agents of a cluster share, wherever it lies: files on one machine (adapters/local), or
// objects of the Kubernetes API (adapters/kube). One contract suite holds of each
// (tests/contract/store).
//
// Every call asks the store itself, never a copy that may be old, and blocks until it has answered
// or did not in time; any thread may call. A Failure of kind `unavailable`: nothing was changed.
#pragma once

#include <functional>
#include <optional>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"
#include "core/base/instant.hpp"
#include "core/model/command.hpp"
#include "core/model/policy.hpp"
#include "core/model/record.hpp"

namespace quorate {

// How a write of the record ended. `conflict`: it has moved on; `now` is what it says.
struct Swapped {
    bool conflict = false;
    std::optional<ClusterRecord> now;
};

class Store {
  public:
    virtual ~Store() = default;

    // nullopt: nobody has said yet.
    virtual Result<std::optional<Desired>> desired() = 0;

    // nullopt: there is none. A Failure that is refused says why it cannot be read.
    virtual Result<std::optional<ClusterRecord>> record() = 0;
    // Compare-and-swap on the revision; a fence that was overtaken is a conflict too (S11).
    virtual Result<Swapped> swap(const WriteRecord& write) = 0;

    // Authority over membership. Refused while somebody else holds it; each grant has a higher
    // fence than all before. One that the asker itself holds is granted anew.
    virtual Result<Fence> acquire(Span ttl) = 0;
    // Refused when somebody else took it meanwhile.
    virtual Result<void> renew(Fence fence, Span ttl) = 0;
    // Nothing to do when it is no longer ours.
    virtual Result<void> release(Fence fence) = 0;
    // Is it ours with this fence, for at least `margin` longer?
    virtual Result<bool> holds(Fence fence, Span margin) = 0;
    // Who holds it, as far as is known without asking: for people. nullopt: nobody.
    virtual std::optional<Ordinal> holder() = 0;
};

// Tells what the store says whenever it may say something else. Answers may come twice, never older
// ones after newer ones of the same kind.
struct StoreNews {
    std::function<void(Result<std::optional<Desired>>)> desired;
    std::function<void(Result<std::optional<ClusterRecord>>)> record;
};

class StoreWatch {
  public:
    virtual ~StoreWatch() = default;  // no news after it
    // News come on the thread that runs the agent's loop.
    virtual Result<void> start(StoreNews news) = 0;
};

}  // namespace quorate
