#include "adapters/disk/snap.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/disk/checksum.hpp"
#include "adapters/disk/file.hpp"
#include "adapters/disk/proto_reader.hpp"

namespace quorate::disk {
namespace fs = std::filesystem;
namespace {

// The v2 store as JSON and a ConfState: some kilobytes where no client writes through API v2.
constexpr std::uint64_t snap_size_max = std::uint64_t{256} << 20;

std::string hex16(std::uint64_t value) {
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016" PRIx64, value);
    return digits.data();
}

std::optional<LogPosition> parse_metadata(std::string_view bytes) {
    LogPosition position;
    ProtoReader reader(bytes);
    for (ProtoField field; reader.next(field);) {
        if (field.number == 2) position.index.value = field.value;
        if (field.number == 3) position.term.value = field.value;
    }
    if (reader.malformed()) return std::nullopt;
    return position;
}

std::optional<UsableSnap> parse_snapshot(std::string_view bytes) {
    std::string_view data;
    std::string_view metadata;
    ProtoReader reader(bytes);
    for (ProtoField field; reader.next(field);) {
        if (field.number == 1) data = field.bytes;
        if (field.number == 2) metadata = field.bytes;
    }
    if (reader.malformed()) return std::nullopt;
    const auto position = parse_metadata(metadata);
    if (!position) return std::nullopt;
    return UsableSnap{*position, std::string(data)};
}

std::optional<UsableSnap> parse_snap_file(std::string_view bytes) {
    std::uint32_t crc = 0;
    std::string_view data;
    ProtoReader reader(bytes);
    for (ProtoField field; reader.next(field);) {
        if (field.number == 1) crc = static_cast<std::uint32_t>(field.value);
        if (field.number == 2) data = field.bytes;
    }
    // A file without checksum counts as empty (snapshotter.go Read).
    if (reader.malformed() || data.empty() || crc == 0 || crc32c(0, data) != crc) {
        return std::nullopt;
    }
    return parse_snapshot(data);
}

}  // namespace

Result<UsableSnap> newest_usable_snap(const fs::path& directory,
                                      const std::vector<LogPosition>& records) {
    auto names = names_in(directory);
    if (!names) return tl::unexpected(names.error());
    // <term>-<index>.snap in fixed-width hex digits: the last name is the newest snapshot.
    for (auto name = names->rbegin(); name != names->rend(); ++name) {
        if (fs::path(*name).extension() != ".snap") continue;
        auto bytes = read_whole(directory / *name, snap_size_max);
        if (!bytes && bytes.error().kind != FailureKind::refused) {
            return tl::unexpected(bytes.error());
        }
        if (!bytes) continue;
        auto snap = parse_snap_file(*bytes);
        if (!snap) continue;
        if (std::find(records.begin(), records.end(), snap->position) != records.end()) {
            return std::move(*snap);
        }
    }
    return UsableSnap{};
}

fs::path snap_db_path(const fs::path& directory, LogIndex index) {
    return directory / (hex16(index.value) + ".snap.db");
}

}  // namespace quorate::disk
