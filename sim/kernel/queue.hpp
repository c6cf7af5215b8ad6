// What happens next in the simulated world: a heap ordered by time, and among equals by what was to
// happen first. Entries are small values; what does not fit in one waits in an arena of its entity,
// by index. `guard` lets an entity ignore what was meant for an earlier life of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/instant.hpp"

namespace quorate::sim {

enum class Kind : std::uint8_t {
    raft_tick,
    raft_message,
    etcd_boot,
    etcd_exit,
    agent_run,
    probe,
    watch,
    wake,
    renew_lease,
    execute,
    answer_overdue,
    pod_start,
    pod_kill,
    reconcile,
    client_put,
    audit,
    fault,
    peers,
    peer_letter,
    api_cache,  // a server's cache moves on
    relist,
    news_again,
    name_found,
};
const char* name_of(Kind kind);

// When something happens, and before or after whatever else happens in the same microsecond: what
// was to happen first.
struct Turn {
    Instant at;
    Instant since;  // when it was decided that it would happen
    std::uint64_t seq = 0;
    auto operator<=>(const Turn&) const = default;
};

struct Happening {
    Instant at;
    Instant since;
    std::uint64_t seq = 0;
    std::uint64_t guard = 0;
    std::uint32_t payload = 0;
    Kind kind = Kind::audit;
    std::uint8_t target = 0;  // ordinal, or the entity's own meaning
};

// Four children a node: half as deep as two, and their places share a cache line or two.
class Queue {
  public:
    bool empty() const { return heap_.empty(); }
    Instant next_at() const { return heap_.front().at; }

    std::uint64_t number() { return ++seq_; }

    void push(Happening happening) {
        happening.seq = number();
        push_numbered(happening);
    }

    // Where its own turn is.
    void push_numbered(const Happening& happening) {
        std::size_t hole = heap_.size();
        heap_.push_back(happening);
        while (hole > 0 && before(happening, heap_[(hole - 1) / children])) {
            heap_[hole] = heap_[(hole - 1) / children];
            hole = (hole - 1) / children;
        }
        heap_[hole] = happening;
    }

    Happening pop() {
        const Happening first = heap_.front();
        const Happening last = heap_.back();
        heap_.pop_back();
        if (heap_.empty()) return first;
        std::size_t hole = 0;
        for (std::size_t child = earliest_child(hole);
             child < heap_.size() && before(heap_[child], last); child = earliest_child(hole)) {
            heap_[hole] = heap_[child];
            hole = child;
        }
        heap_[hole] = last;
        return first;
    }

  private:
    static constexpr std::size_t children = 4;

    // A total order: any heap gives the same life.
    static bool before(const Happening& a, const Happening& b) {
        if (a.at != b.at) return a.at < b.at;
        return a.since != b.since ? a.since < b.since : a.seq < b.seq;
    }

    // Beyond the end: there is none.
    std::size_t earliest_child(std::size_t parent) const {
        const std::size_t first = parent * children + 1;
        const std::size_t end = std::min(first + children, heap_.size());
        std::size_t earliest = first;
        for (std::size_t child = first + 1; child < end; ++child)
            if (before(heap_[child], heap_[earliest])) earliest = child;
        return earliest;
    }

    std::vector<Happening> heap_;
    std::uint64_t seq_ = 0;
};

}  // namespace quorate::sim
