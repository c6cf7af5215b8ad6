// The volume of one replica: etcd's data directory, what Quorate put beside it, and what was set
// aside. Nothing here starts etcd; examine() changes nothing at all, and the others are durable
// (fsync of file and directory) when they return.
//
//     <root>/etcd        etcd's data directory
//     <root>/identity    which cluster and replica this volume belongs to (identity.hpp)
//     <root>/set-aside   former data directories: <when>-<why>
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"
#include "core/base/instant.hpp"
#include "core/model/disk.hpp"

namespace quorate::disk {

struct Volume {
    std::filesystem::path root;
};

// What the volume holds. Damage is a report of shape `unreadable` with its fault; a Failure means
// that nothing could be learned (permissions, descriptors) and that it is worth another try.
//
// While somebody holds the lock of the db (`in_use`), the files change under the reader: the report
// then tells which files there are (whole, db_without_wal, ...) and the figures that could be read,
// and passes no judgement on them.
Result<DiskReport> examine(const Volume& volume);

// Replaces the identity. Refused for a lineage that is not a short word (identity.hpp).
Result<void> stamp(const Volume& volume, const VolumeIdentity& identity);

struct SetAside {
    std::string reason;  // of a-z, 0-9 and dashes: "wal-damaged"
    Instant at;
};

// Moves etcd's data directory to set-aside/20261121T074657Z-<reason>, with -2, -3, ... where that
// is taken. Returns the name; the empty name when there is no data directory, so that it can be
// asked for again. The identity stays, and says from then on that data was seen. Refused while the
// db is in use.
Result<std::string> set_aside(const Volume& volume, const SetAside& how);

// The newest `keep` stay whatever their age and size. Of the others those go that are older than
// `age`, and the oldest until all that stay take no more than `bytes`.
struct Retention {
    Span age;
    Bytes bytes;
    std::uint32_t keep = 1;
};

struct Pruned {
    std::vector<std::string> names;
};

// Deletes what was set aside too long ago. Names that set_aside() did not make are left alone.
Result<Pruned> prune_set_aside(const Volume& volume, const Retention& retention, Instant now);

// Makes a prepared data directory, on the same file system, that of this volume. Refused when there
// is one already, and when the prepared one is not whole: a db that its WAL cannot explain boots
// healthy and leaves every member that joins it empty (etcd-measured 4).
Result<void> adopt(const Volume& volume, const std::filesystem::path& prepared);

}  // namespace quorate::disk
