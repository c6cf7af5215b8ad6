// What one volume holds: etcd's directory as its log, the identity file beside it, what was set
// aside, and the agent's journal. A volume is a value, so that copying it back is a rollback and
// copying it elsewhere is a clone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/engine/ports.hpp"
#include "core/model/disk.hpp"

namespace quorate::sim {

enum class EntryKind : std::uint8_t {
    nothing,  // a new leader's first
    write,
    add_voter,
    add_learner,
    promote,
    remove,
    publish,  // a member tells its name: it counts as started from here on
    accuse,   // raises the CORRUPT alarm for a member; 0: for nobody by name
    disarm,   // takes it back
    fill,     // so many MiB of revisions that a compaction frees
    store,    // so many MiB that only deleting frees
    erase,
    compact,
    nospace,  // raises the NOSPACE alarm for a member
    room,     // takes it back
};

struct LogEntry {
    std::uint64_t term = 0;
    std::uint64_t uid = 0;      // of the request, 0: nobody waits for it
    std::uint64_t payload = 0;  // number of the write, the member id, or MiB
    EntryKind kind = EntryKind::nothing;
    std::uint8_t ordinal = 0;  // of the member: what its peer URL says
};

// A data directory. The log is never compacted: entry 1 is log[0].
struct EtcdData {
    MemberId id;
    ClusterId cluster;
    std::vector<LogEntry> log;
    std::uint64_t term = 0;
    MemberId vote;
    std::uint64_t commit = 0;
    std::uint64_t revision_base = 0;  // raised by a rebuild
    std::uint64_t changed = 0;        // not 0: value bytes read differently from what was written

    std::uint64_t last_index() const { return log.size(); }
    std::uint64_t last_term() const { return log.empty() ? 0 : log.back().term; }
    std::uint64_t term_at(std::uint64_t index) const {
        return index == 0 || index > log.size() ? 0 : log[index - 1].term;
    }
    LogPosition last() const { return {Term{last_term()}, LogIndex{last_index()}}; }
};

struct Journal {
    std::uint8_t owner = 0;
    std::vector<Record> records;
    SmallMap<Ordinal, PeerFact> peers = {};  // as the records fold: all that outlives a life
};

struct Volume {
    std::optional<VolumeIdentity> identity;
    std::optional<EtcdData> data;
    std::vector<std::string> set_aside;  // the reasons, oldest first
    Journal journal;
};

}  // namespace quorate::sim
