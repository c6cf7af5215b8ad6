// The host's side of a cluster: desired replicas, the cluster record with compare-and-swap, and the
// lease of authority with its fence. It is never wrong; what agents hear of it may be late. The
// rules are those of the real ones: tests/contract/store holds both against them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/command.hpp"
#include "core/model/policy.hpp"
#include "core/model/record.hpp"

namespace quorate::sim {

class Store {
  public:
    Desired desired;
    std::optional<ClusterRecord> record;

    // False: the record moved on, or a later grant overtook the fence; time alone does not.
    bool swap(const WriteRecord& write) {
        if (write.fence.value != 0 && write.fence < fence_) return false;
        const RecordRevision current = record ? record->revision : RecordRevision{};
        if (write.expected != current) return false;
        if (record) earlier_.push_back(*record);
        if (earlier_.size() > remembered) earlier_.erase(earlier_.begin());
        record = write.record;
        return true;
    }

    // The host's own store was restored from a copy so many writes old, or the document deleted.
    bool go_back(std::size_t writes) {
        if (!record || writes == 0 || writes > earlier_.size()) return false;
        earlier_.resize(earlier_.size() - writes + 1);
        record = earlier_.back();
        earlier_.pop_back();
        return true;
    }
    bool lose_record() {
        const bool there = record.has_value();
        record.reset();
        return there;
    }

    std::optional<Fence> acquire(std::uint8_t by, Span ttl, Instant now) {
        if (holder_ && *holder_ != by && now < expires_) return std::nullopt;
        holder_ = by;
        fence_ = Fence{fence_.value + 1};
        expires_ = now + ttl;
        return fence_;
    }
    // Late as well, as long as nobody else took it.
    bool renew(std::uint8_t by, Fence fence, Span ttl, Instant now) {
        if (holder_ != by || fence_ != fence) return false;
        expires_ = now + ttl;
        return true;
    }
    void release(std::uint8_t by, Fence fence) {
        if (holder_ == by && fence_ == fence) holder_.reset();
    }
    // Somebody who is none of ours takes it; false: nobody held it.
    bool steal(Span ttl, Instant now) {
        const bool held = holder_.has_value();
        holder_ = stranger;
        fence_ = Fence{fence_.value + 1};
        expires_ = now + ttl;
        return held;
    }
    bool holds(std::uint8_t by, Fence fence, Instant now) const {
        return holder_ == by && fence_ == fence && now < expires_;
    }
    Fence fence() const { return fence_; }

  private:
    static constexpr std::uint8_t stranger = 255;
    static constexpr std::size_t remembered = 12;

    std::vector<ClusterRecord> earlier_;  // oldest first
    std::optional<std::uint8_t> holder_;
    Fence fence_;
    Instant expires_;
};

}  // namespace quorate::sim
