#include "adapters/local/record.hpp"

#include "adapters/local/files.hpp"
#include "adapters/local/lease.hpp"
#include "core/wire/record.hpp"

namespace quorate::local {

Result<std::optional<ClusterRecord>> read_record(const std::filesystem::path& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    if (!*text) return std::optional<ClusterRecord>();
    std::string why;
    auto record = wire::from_json(**text, why);
    if (!record) return refused(why, path);
    return std::optional<ClusterRecord>(std::move(*record));
}

Result<Swapped> swap_record(const std::filesystem::path& path,
                            const std::filesystem::path& lease_path, const WriteRecord& write) {
    auto lock = FileLock::wait(path.string() + ".lock");
    if (!lock) return tl::unexpected(lock.error());
    auto now = read_record(path);
    if (!now) return tl::unexpected(now.error());
    const RecordRevision revision = *now ? (*now)->revision : RecordRevision{};
    if (revision != write.expected) return Swapped{true, std::move(*now)};
    if (write.fence.value != 0) {
        auto latest = Lease(lease_path, Ordinal{}).latest();
        if (!latest) return tl::unexpected(latest.error());
        if (write.fence < *latest) return Swapped{true, std::move(*now)};
    }
    if (auto written = replace_file(path, wire::to_json(write.record)); !written)
        return tl::unexpected(written.error());
    return Swapped{false, write.record};
}

}  // namespace quorate::local
