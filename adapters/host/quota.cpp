#include "adapters/host/quota.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

#include "adapters/host/etcd_arguments.hpp"

namespace quorate::host {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

// [v3.5 server/storage/quota.go DefaultQuotaBytes]; the same from 3.4 to 3.7.
constexpr Bytes default_quota{2048 * mib};

// Beside the database: five log segments [embed/config.go DefaultMaxWALs], the one that is written
// and the one that is made in advance [wal/file_pipeline.go], 64 MiB each [wal/wal.go
// SegmentSizeBytes], and the agent's journal and logs as much as another.
constexpr Bytes beside{8 * 64 * mib};

// A database smaller than this holds no cluster; then the volume is told to be too small.
constexpr Bytes least{64 * mib};

std::string in_mib(Bytes size) { return std::to_string(size.value / mib) + " MiB"; }

// The database twice: defragmentation writes a copy beside it [backend/backend.go defrag], and so
// does a member that is sent its leader's snapshot [etcdserver/api/snap/db.go SaveDBFrom].
Bytes needed_for(Bytes quota) { return {2 * quota.value + beside.value}; }

std::string way_on(Bytes volume) {
    const bool some = needed_for(least) <= volume;
    return std::string("; ") +
           (some ? "name " + std::to_string(largest_quota(volume).value) + " at most, or " : "") +
           "give it a larger volume (persistence.volumeClaim.size)";
}

}  // namespace

Bytes largest_quota(Bytes volume) {
    if (volume < needed_for(least)) return least;
    return {(volume.value - beside.value) / 2};
}

QuotaChoice quota_for(Bytes volume, const std::vector<std::string>& given) {
    const auto named = named_quota(given);
    if (named && *named < 0)
        return {{},
                "--quota-backend-bytes=" + std::to_string(*named) +
                    " sets no limit: the volume of " + in_mib(volume) +
                    " is full before etcd refuses writes" + way_on(volume)};
    const Bytes wanted =
        named && *named > 0 ? Bytes{static_cast<std::uint64_t>(*named)} : default_quota;
    if (needed_for(wanted) <= volume) return {};
    const std::string needs = "with defragmentation's copy and the logs it needs " +
                              in_mib(needed_for(wanted)) + ", and the volume has " + in_mib(volume);
    if (named && *named > 0)
        return {{},
                "--quota-backend-bytes=" + std::to_string(*named) + " is too large: " + needs +
                    way_on(volume)};
    const std::string fitting =
        "--quota-backend-bytes=" + std::to_string(largest_quota(volume).value);
    if (volume < needed_for(least))
        return {{fitting},
                "the volume has " + in_mib(volume) + ": too small for any quota" + way_on(volume)};
    return {{fitting},
            fitting + " instead of etcd's default of " + in_mib(default_quota) + ": " + needs};
}

Result<Bytes> size_of_volume(const std::filesystem::path& directory) {
    struct statvfs found {};
    if (::statvfs(directory.c_str(), &found) != 0) return refused(std::strerror(errno), directory);
    return Bytes{static_cast<std::uint64_t>(found.f_blocks) * found.f_frsize};
}

}  // namespace quorate::host
