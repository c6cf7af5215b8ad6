// Arithmetic of quorums. etcd v3.6 raft/quorum: a majority of voters; learners do not count.
#pragma once

#include <cstddef>

namespace quorate {

constexpr std::size_t quorum(std::size_t voters) { return voters / 2 + 1; }

// S1: after the removal the voters that live must still be a quorum of those that remain.
constexpr bool removal_keeps_quorum(std::size_t voters, std::size_t live_without_it) {
    return voters >= 2 && live_without_it >= quorum(voters - 1);
}

}  // namespace quorate
