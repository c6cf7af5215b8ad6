// Reading etcd's data directory into a report: the part of examine() that knows etcd.
#pragma once

#include <filesystem>

#include "adapters/base/result.hpp"
#include "core/model/disk.hpp"

namespace quorate::disk {

// Fills what concerns etcd: shape, fault, ids and positions, in_use.
Result<void> examine_etcd(const std::filesystem::path& data_directory, DiskReport& report);

// Whether somebody holds bbolt's lock of the db. False when there is no db.
Result<bool> db_in_use(const std::filesystem::path& data_directory);

}  // namespace quorate::disk
