#include "adapters/disk/examine.hpp"

#include <sys/file.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "adapters/disk/bbolt.hpp"
#include "adapters/disk/file.hpp"
#include "adapters/disk/identity.hpp"
#include "adapters/disk/snap.hpp"
#include "adapters/disk/volume.hpp"
#include "adapters/disk/wal.hpp"

namespace quorate::disk {
namespace fs = std::filesystem;
namespace {

struct Paths {
    fs::path wal;
    fs::path snap;
    fs::path db;
};

Paths paths_of(const fs::path& data_directory) {
    const fs::path member = data_directory / "member";
    return Paths{.wal = member / "wal", .snap = member / "snap", .db = member / "snap" / "db"};
}

// A db of no bytes is one that bbolt has not begun to write; etcd takes it for absent.
bool db_present(const fs::path& path) {
    std::error_code error;
    return present(path) && (!fs::is_regular_file(path, error) || fs::file_size(path, error) != 0);
}

std::string number(LogIndex index) { return std::to_string(index.value); }

// The first fault stays: what comes after is often its consequence.
void mark_unreadable(DiskReport& report, std::string fault) {
    report.shape = DiskShape::unreadable;
    if (report.fault.empty()) report.fault = std::move(fault);
}

// True when the call went well. Damage goes into the report, and only bad luck is a Failure.
template <class T>
Result<bool> readable(const Result<T>& read, DiskReport& report) {
    if (read) return true;
    if (read.error().kind != FailureKind::refused) return tl::unexpected(read.error());
    mark_unreadable(report, read.error().what + " (" + read.error().where + ")");
    return false;
}

// Where raft's log begins for etcd: at the newest snapshot it can use.
struct Start {
    LogPosition snapshot;
    std::string v2_store;    // of that snapshot
    LogIndex newest_record;  // whether or not a file backs it
};

Result<Start> find_start(const fs::path& snap, const WalFacts& wal) {
    std::vector<LogPosition> records = wal.snapshots;
    std::erase_if(records, [&](LogPosition at) { return at.index > wal.commit; });
    Start start;
    for (const LogPosition record : records) {
        start.newest_record = std::max(start.newest_record, record.index);
    }
    auto newest = newest_usable_snap(snap, records);
    if (!newest) return tl::unexpected(newest.error());
    start.snapshot = newest->position;
    start.v2_store = std::move(newest->v2_store);
    return start;
}

void fill_from_wal(const WalFacts& wal, const Start& start, DiskReport& report) {
    report.member_id = wal.member_id;
    report.cluster_id = wal.cluster_id;
    report.first_index = wal.first_index;
    report.last = wal.last;
    // A member that was sent a snapshot has a log that ends there, whatever entries came before.
    if (wal.last.index < start.snapshot.index) report.last = start.snapshot;
    report.commit = wal.commit;
    report.snapshot_index = start.snapshot.index;
    if (!wal.v2_requests.empty() && wal.v2_requests.back() > start.snapshot.index)
        report.v2_request = wal.v2_requests.back();
}

// Why etcd could not start raft from this WAL; empty when it can.
std::string fault_of_log(const WalFacts& wal, const Start& start, const DiskReport& report) {
    if (start.newest_record.value != 0 && start.snapshot.index.value == 0) {
        return "the WAL has a snapshot at index " + number(start.newest_record) +
               " and no .snap file backs it";
    }
    if (wal.first_index.value > start.snapshot.index.value + 1) {
        return "the log begins at index " + number(wal.first_index) +
               " and the newest usable snapshot is of index " + number(start.snapshot.index);
    }
    // raft.go loadState panics
    if (wal.commit > report.last.index) {
        return "the commit index " + number(wal.commit) + " is beyond the last entry " +
               number(report.last.index);
    }
    return {};
}

// The db that etcd would go on with: its own, or the one that came with a snapshot and that it has
// not yet moved into place (backend.go RecoverSnapshotBackend). Nothing when there is neither.
Result<std::optional<DbFacts>> read_db_to_open(const Paths& paths, LogIndex snapshot) {
    std::optional<DbFacts> own;
    if (db_present(paths.db)) {
        auto db = read_db(paths.db);
        if (!db) return tl::unexpected(db.error());
        own = std::move(*db);
    }
    if (own && own->consistent_index >= snapshot) return own;
    const fs::path sent = snap_db_path(paths.snap, snapshot);
    if (!db_present(sent)) return own;
    auto db = read_db(sent);
    if (!db) return tl::unexpected(db.error());
    return std::optional<DbFacts>(std::move(*db));
}

// Why db and WAL do not belong together; empty when they do.
std::string fault_of_pair(const DbFacts& db, const WalFacts& wal, const DiskReport& report) {
    if (db.consistent_index > report.last.index) {
        return "phantom: the db has applied index " + number(db.consistent_index) +
               " and the WAL ends at " + number(report.last.index) +
               "; etcd would serve old data and drop writes";
    }
    if (db.consistent_index < report.snapshot_index) {
        return "the db has applied index " + number(db.consistent_index) +
               " only, the snapshot is of index " + number(report.snapshot_index) +
               " and its .snap.db is missing; etcd would panic";
    }
    // A store begins at revision 1 and each write raises it by one at most. A log from index 1 with
    // fewer writes than that did not make this db, and members that join will replay just that log.
    const std::uint64_t revision = static_cast<std::uint64_t>(db.revision.value);
    if (report.snapshot_index.value == 0 && revision > wal.writes + 1) {
        return "the db is at revision " + std::to_string(revision) + " and the log holds " +
               std::to_string(wal.writes) +
               " writes without a snapshot before them; members that join would stay empty";
    }
    return {};
}

// Why etcd could not do without a db; empty when it can build it from the log.
std::string fault_of_no_db(const DiskReport& report) {
    if (report.snapshot_index.value == 0) return {};
    return "the db is missing and so is the .snap.db of the snapshot of index " +
           number(report.snapshot_index) + "; etcd would panic";
}

void fill_from_db(const DbFacts& db, DiskReport& report) {
    report.consistent_index = db.consistent_index;
    report.storage_version = db.storage_version;
    report.cluster_version = db.cluster_version;
}

// What the log of a member says, and where etcd starts in it.
struct LogFacts {
    WalFacts wal;
    Start start;
};

// Both stores as of the db's applied index; from 3.6 on (it writes a storage version) there is only
// one.
void fill_stores(const DbFacts& db, const LogFacts& log, DiskReport& report) {
    if (!db.storage_version.empty() || db.members_unread || log.wal.conf_changes_unread) return;
    auto v2 = v2_members(log.start.v2_store, log.wal.conf_changes,
                         {log.start.snapshot.index, db.consistent_index});
    if (v2) report.stores = MembershipStores{std::move(*v2), db.members};
}

// Reads the WAL into the report. Nothing when it is damaged; the report then says how.
Result<std::optional<LogFacts>> take_wal(const Paths& paths, DiskReport& report) {
    auto wal = read_wal(paths.wal);
    auto sound = readable(wal, report);
    if (!sound) return tl::unexpected(sound.error());
    if (!*sound) return std::optional<LogFacts>();
    auto start = find_start(paths.snap, *wal);
    if (!start) return tl::unexpected(start.error());
    fill_from_wal(*wal, *start, report);
    if (std::string fault = fault_of_log(*wal, *start, report); !fault.empty()) {
        mark_unreadable(report, std::move(fault));
    }
    return std::optional<LogFacts>({std::move(*wal), std::move(*start)});
}

// Reads the db into the report, and compares it with the WAL where there is one to compare with.
Result<void> take_db(const Paths& paths, const std::optional<LogFacts>& log, DiskReport& report) {
    const auto db = read_db_to_open(paths, report.snapshot_index);
    const auto sound = readable(db, report);
    if (!sound) return tl::unexpected(sound.error());
    if (!*sound) return {};
    if (*db) fill_from_db(**db, report);
    if (!log) return {};
    std::string fault = *db ? fault_of_pair(**db, log->wal, report) : fault_of_no_db(report);
    if (!fault.empty()) mark_unreadable(report, std::move(fault));
    if (*db && report.fault.empty()) fill_stores(**db, *log, report);
    return {};
}

// By what is there, whatever it holds.
DiskShape shape_at_sight(const Paths& paths, bool has_wal, LogIndex snapshot) {
    const bool has_db = db_present(paths.db) || db_present(snap_db_path(paths.snap, snapshot));
    if (has_wal) return has_db ? DiskShape::whole : DiskShape::wal_without_db;
    return has_db ? DiskShape::db_without_wal : DiskShape::empty;
}

// Somebody had data here: "empty" would invite a fresh start over it.
Result<void> look_for_orphans(const Paths& paths, DiskReport& report) {
    auto names = names_in(paths.snap);
    if (!names) return tl::unexpected(names.error());
    for (const std::string& name : *names) {
        if (fs::path(name).extension() != ".snap") continue;
        mark_unreadable(report, "there are snapshots, and neither WAL nor db (" +
                                    (paths.snap / name).string() + ")");
    }
    return {};
}

Result<void> examine_parts(const Paths& paths, DiskReport& report) {
    auto segments = wal_segments(paths.wal);
    if (!segments) return tl::unexpected(segments.error());
    auto wal = segments->empty() ? Result<std::optional<LogFacts>>() : take_wal(paths, report);
    if (!wal) return tl::unexpected(wal.error());
    const DiskShape shape = shape_at_sight(paths, !segments->empty(), report.snapshot_index);
    if (report.fault.empty()) report.shape = shape;
    if (shape == DiskShape::empty) return look_for_orphans(paths, report);
    return take_db(paths, *wal, report);
}

Result<void> examine_stopped(const Paths& paths, DiskReport& report) {
    const auto sound = readable(examine_parts(paths, report), report);
    if (!sound) return tl::unexpected(sound.error());
    return {};
}

// The files change under the reader: what looks damaged need not be.
Result<void> examine_running(const Paths& paths, DiskReport& report) {
    DiskReport glimpse = report;
    if (examine_stopped(paths, glimpse)) report = glimpse;
    auto segments = wal_segments(paths.wal);
    if (!segments) return tl::unexpected(segments.error());
    report.shape = shape_at_sight(paths, !segments->empty(), report.snapshot_index);
    report.fault.clear();
    report.stores.reset();  // read at two moments, they differ without a fault
    return {};
}

Result<void> measure_space(const Volume& volume, const fs::path& data_directory,
                           DiskReport& report) {
    fs::path nearest = volume.root;  // the root may not be made yet, its file system is there
    while (!present(nearest) && nearest.has_relative_path())
        nearest = nearest.parent_path();
    struct statvfs facts {};
    if (::statvfs(nearest.empty() ? "." : nearest.c_str(), &facts) != 0) {
        return failed("learn the free space", errno, nearest);
    }
    report.bytes_free.value = std::uint64_t{facts.f_bavail} * facts.f_frsize;
    auto used = allocated_below(data_directory);
    if (!used) return tl::unexpected(used.error());
    report.bytes_used.value = *used;
    return {};
}

Result<void> take_identity(const Volume& volume, DiskReport& report) {
    const fs::path path = volume.root / "identity";
    if (!present(path)) return {};
    const auto text = read_whole(path, identity_size_max);
    if (!text && text.error().kind != FailureKind::refused) return tl::unexpected(text.error());
    if (text) report.identity = parse_identity(*text);
    report.identity_unreadable = !report.identity.has_value();
    return {};
}

Result<DiskReport> examine_volume(const Volume& volume) {
    const fs::path data_directory = volume.root / "etcd";
    DiskReport report;
    if (auto taken = take_identity(volume, report); !taken) return tl::unexpected(taken.error());
    if (auto measured = measure_space(volume, data_directory, report); !measured) {
        return tl::unexpected(measured.error());
    }
    if (auto examined = examine_etcd(data_directory, report); !examined) {
        return tl::unexpected(examined.error());
    }
    return report;
}

}  // namespace

Result<bool> db_in_use(const fs::path& data_directory) {
    const fs::path path = paths_of(data_directory).db;
    if (!present(path)) return false;
    auto db = File::open(path);
    if (!db && db.error().kind == FailureKind::refused) return false;  // no file: nothing to lock
    if (!db) return tl::unexpected(db.error());
    // Shared and for a moment: bbolt that starts just now tries again after 50 ms.
    const int descriptor = db->descriptor();
    const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0;
    if (held && errno != EWOULDBLOCK) return failed("try the lock", errno, path);
    if (!held) ::flock(descriptor, LOCK_UN);
    return held;
}

Result<void> examine_etcd(const fs::path& data_directory, DiskReport& report) {
    const Paths paths = paths_of(data_directory);
    auto in_use = db_in_use(data_directory);
    if (!in_use) return tl::unexpected(in_use.error());
    report.in_use = *in_use;
    return *in_use ? examine_running(paths, report) : examine_stopped(paths, report);
}

Result<DiskReport> examine(const Volume& volume) {
    return guarded(volume.root, [&] { return examine_volume(volume); });
}

}  // namespace quorate::disk
