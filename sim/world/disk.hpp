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
#include "core/model/state.hpp"

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
    agree,    // on a cluster version; payload: its minor
};

// A change of the configuration: one at a time, effective when applied.
constexpr bool is_conf(EntryKind kind) {
    return kind == EntryKind::add_voter || kind == EntryKind::add_learner ||
           kind == EntryKind::promote || kind == EntryKind::remove;
}

struct LogEntry {
    std::uint64_t term = 0;
    std::uint64_t uid = 0;      // of the request, 0: nobody waits for it
    std::uint64_t payload = 0;  // number of the write, the member id, or MiB
    EntryKind kind = EntryKind::nothing;
    std::uint8_t ordinal = 0;  // of the member: what its peer URL says
};

// What happens to the files of a member that does not run (simulator.md 3.3, D5 and D15 to D17).
enum class Damage : std::uint8_t {
    none,
    wal_bit,          // one bit of an entry in the middle of the log
    wal_last_bit,     // one bit of the last entry
    wal_last_half,    // zeroed from the middle of the last entry on
    wal_last_sector,  // zeroed from the 512-byte sector on that the last entry ends in
    wal_cut,          // the file cut in the middle of the last entry
    wal_lost,         // the directory gone, the database kept
    restore_killed,   // what a `snapshot restore` of its database leaves that is killed: no log yet
    db_value,         // bytes of a value
    db_half,          // the file cut to half its size
    db_pages,         // the file cut within its used pages
    db_lost,
    snap_lost,  // the .snap files gone, the database kept
};

// How the medium of a volume behaves, whatever it holds (simulator.md 3.4, D1, D11 to D13, J9).
struct Medium {
    std::uint32_t errors = 0;  // of a hundred reads or writes so many end with EIO
    bool read_only = false;
    bool full = false;  // for what etcd writes; a record of the journal is small
    bool journal_full = false;
    Span slow;  // a sync takes up to so much longer

    bool sound() const { return errors == 0 && !read_only && !full && !journal_full; }
    bool operator==(const Medium&) const = default;
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
    std::uint64_t file_mib = 0;       // of the db; a restart does not make it larger
    std::uint64_t file_index = 0;     // up to where the log made it so large
    std::uint64_t changed = 0;        // not 0: value bytes read differently from what was written
    // What the db says, as of `in_db`, the last index it has seen applied.
    std::uint64_t in_db = 0;
    Version cluster_version;           // agreed; 0: not yet
    Version served;                    // the release that last published itself here
    std::vector<MemberId> unpromoted;  // promoted, and the db has them as learners (etcd#19557)
    std::uint64_t snapshot = 0;        // what the newest .snap file covers; 0: there is none yet
    Damage damage = Damage::none;      // met at the next start
    // A database that no log explains: what it holds, and up to which index it takes nothing more
    // [consistent_index].
    std::vector<std::uint64_t> kept;
    std::uint64_t kept_index = 0;

    std::uint64_t last_index() const { return log.size(); }
    std::uint64_t last_term() const { return log.empty() ? 0 : log.back().term; }
    std::uint64_t term_at(std::uint64_t index) const {
        return index == 0 || index > log.size() ? 0 : log[index - 1].term;
    }
    LogPosition last() const { return {Term{last_term()}, LogIndex{last_index()}}; }
};

// Its newest records; those before them are kept as what they fold to, or a life would grow with
// all that was ever decided in it.
struct Journal {
    static constexpr std::size_t records_most = 256;
    static constexpr std::size_t records_least =
        64;  // left by a fold: more than any tail that is lost

    std::uint8_t owner = 0;
    std::vector<Record> records;
    // As the records fold, all that outlives a life.
    SmallMap<Ordinal, PeerFact> peers = {};
    Settings settings = {};  // by these an absence is told from a silence
    std::optional<ClusterRecord> newest = {};
    State folded = {};     // what was before `records`
    bool flipped = false;  // a bit of it: whoever opens it next sets it aside
};

struct Volume {
    std::optional<VolumeIdentity> identity;
    std::optional<VolumeIdentity> identity_before;  // what the last stamp replaced
    std::optional<EtcdData> data;
    std::vector<std::string> set_aside;  // the reasons, oldest first
    Journal journal;
};

}  // namespace quorate::sim
