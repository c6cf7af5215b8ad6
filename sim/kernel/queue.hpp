// What happens next in the simulated world: a heap ordered by (time, sequence). Entries are small
// values; what does not fit in one waits in an arena of its entity, by index. `guard` lets an
// entity ignore what was meant for an earlier life of it.
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
};
const char* name_of(Kind kind);

struct Happening {
    Instant at;
    std::uint64_t seq = 0;
    std::uint64_t guard = 0;
    std::uint32_t payload = 0;
    Kind kind = Kind::audit;
    std::uint8_t target = 0;  // ordinal, or the entity's own meaning
};

class Queue {
  public:
    bool empty() const { return heap_.empty(); }
    Instant next_at() const { return heap_.front().at; }

    void push(Happening happening) {
        happening.seq = ++seq_;
        heap_.push_back(happening);
        std::push_heap(heap_.begin(), heap_.end(), later);
    }

    Happening pop() {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const Happening first = heap_.back();
        heap_.pop_back();
        return first;
    }

  private:
    static bool later(const Happening& a, const Happening& b) {
        return a.at != b.at ? a.at > b.at : a.seq > b.seq;
    }

    std::vector<Happening> heap_;
    std::uint64_t seq_ = 0;
};

}  // namespace quorate::sim
