// What an agent's adapters do to its simulated volume: what adapters/disk does to a real one.
#pragma once

#include <string>

#include "core/model/disk.hpp"
#include "sim/world/disk.hpp"

namespace quorate::sim {

// Who holds the lock of the db: as long as etcd runs, nothing of its directory is moved.
enum class InUse : bool { no, yes };

DiskReport examine(const Volume& volume, InUse in_use);
void stamp(Volume& volume, const VolumeIdentity& identity);
// False while it is in use. Nothing to do, and no harm, when there is no data.
[[nodiscard]] bool set_aside(Volume& volume, const std::string& reason, InUse in_use);

}  // namespace quorate::sim
