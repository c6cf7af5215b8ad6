// What etcd says of itself: the member list, one member's status, and hashes of its content.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/ids.hpp"

namespace quorate {

// How far an answer may be trusted. Only `linearizable` went through a quorum (S12).
enum class Freshness { local, linearizable };

struct ListedMember {
    MemberId id;
    std::string name;                    // empty: never started
    std::vector<std::string> peer_urls;  // sorted
    bool learner = false;
    bool operator==(const ListedMember&) const = default;
};

struct MemberList {
    Freshness freshness = Freshness::local;
    ClusterId cluster_id;
    std::vector<ListedMember> members;  // sorted by id
    Term term = {};  // of raft as this was answered; 0: not told, as of what is not linearizable
    bool operator==(const MemberList&) const = default;
};

// One probe of one replica's client port.
struct MemberStatus {
    bool answers = false;  // Status was answered; everything below is empty when not
    bool serves = false;   // a linearizable read through this member succeeded in this probe
    MemberId member_id;
    ClusterId cluster_id;
    MemberId leader;  // 0: none known
    Term term;
    LogIndex index;  // committed
    LogIndex applied;
    Revision revision;
    Bytes db_size;
    Version version;
    bool learner = false;
    bool alarm_nospace = false;
    bool alarm_corrupt = false;
    std::vector<MemberId> accused;  // by CORRUPT alarms; 0: nobody by name (etcd facts 9)
    Bytes db_size_in_use;           // what defragmentation would leave of db_size
    // It was not asked, since nobody told its address: not known to serve, and not silent either.
    bool unresolved = false;
    bool operator==(const MemberStatus&) const = default;
};

// HashKV of one member. Comparable only for equal revision and equal compact revision.
struct ContentHash {
    MemberId member_id;
    bool answered = false;
    Revision revision;          // the member's own current one
    Revision compact_revision;  // -1: never compacted
    std::uint32_t hash = 0;
    bool operator==(const ContentHash&) const = default;
};

}  // namespace quorate
