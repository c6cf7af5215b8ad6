// What agents tell each other: what each knows of its own replica, and what it remembers of the
// others. A disk that is rolled back is found by those that remember how far it had come, also
// while the cluster record is written rarely; and whose content is in doubt is known to the one
// agent that compared, until it tells the others (S14).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/instant.hpp"
#include "core/base/small_map.hpp"

namespace quorate {

// Of one replica: under which identity its etcd ran, and how far its log is known to be on disk.
struct Remembered {
    Epoch epoch;
    MemberId member_id;    // 0: nothing is remembered
    Nonce nonce;           // of the start that reached the position; evidence for a person
    LogPosition position;  // synced there; the log may be longer
    bool operator==(const Remembered&) const = default;
};

// What the teller's last comparison of voters' hashes said of each member that answered. Where
// nobody can say who is right, all are in doubt.
struct ContentFound {
    Epoch epoch;
    Instant at;  // by the teller's clock: which comparison this was, and nothing else
    Span age;    // of the comparison when this was told
    std::vector<MemberId> doubted;
    std::vector<MemberId> agreed;
    bool operator==(const ContentFound&) const = default;
};

struct PeerReport {
    Lineage lineage;
    std::uint64_t boot = 0;      // random, one for each life of the agent that tells
    std::uint64_t sequence = 0;  // +1 for each report of that life
    Remembered self;
    SmallMap<Ordinal, Remembered> others;
    Lineage founded;  // the cluster that the teller knows to be founded; empty: it knows of none
    std::optional<ContentFound> content = std::nullopt;  // none was compared that counts
    bool operator==(const PeerReport&) const = default;
};

// Each knows of a cluster, and it is not the same one: neither has anything to tell the other.
inline bool of_other_clusters(const PeerReport& one, const PeerReport& other) {
    return !one.founded.value.empty() && !other.founded.value.empty() &&
           one.founded != other.founded;
}

}  // namespace quorate
