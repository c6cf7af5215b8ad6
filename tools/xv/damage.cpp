#include "tools/xv/damage.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <vector>

#include "adapters/disk/wal.hpp"

namespace quorate::xv {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t sector = 512;
constexpr std::uint64_t high_water_offset = 56;  // of a bbolt meta page: pages in use

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void overwrite(const fs::path& path, std::uint64_t offset, const std::string& bytes) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
}

// A record of a WAL segment: an eight-byte length, the record, and padding to eight bytes.
struct Frame {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    bool entry = false;
    std::uint64_t end() const { return offset + size; }
};

std::vector<Frame> frames_in(const std::string& bytes) {
    std::vector<Frame> frames;
    for (std::uint64_t at = 0; at + 16 <= bytes.size();) {
        std::uint64_t length = 0;
        for (std::size_t i = 8; i-- > 0;)
            length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
        if (length == 0) break;
        const std::uint64_t padding = length >> 63 != 0 ? length >> 56 & 7 : 0;
        const std::uint64_t size = 8 + (length & 0x00FF'FFFF'FFFF'FFFF) + padding;
        // Field 1, the type, comes first: its tag is 8; 2 is an entry.
        frames.push_back({at, size, bytes[at + 9] == 2});
        at += size;
    }
    return frames;
}

Result<void> damage_wal(const fs::path& directory, sim::Damage kind) {
    const auto names = disk::wal_segments(directory);
    if (!names || names->empty()) return refused("there is no WAL segment", directory);
    const fs::path segment = directory / names->back();
    const std::string bytes = read(segment);
    const std::vector<Frame> frames = frames_in(bytes);
    std::vector<Frame> entries;
    std::copy_if(frames.begin(), frames.end(), std::back_inserter(entries),
                 [](const Frame& frame) { return frame.entry; });
    if (entries.empty()) return refused("there is no entry in it", segment);
    const auto flip = [&](const Frame& frame) {
        const std::uint64_t at = frame.offset + frame.size / 2 + 8;
        overwrite(segment, at, std::string(1, static_cast<char>(bytes[at] ^ 0x10)));
    };
    const auto zero = [&](std::uint64_t from, std::uint64_t to) {
        overwrite(segment, from, std::string(to - from, '\0'));
    };
    // A HardState may stand behind the last entry, where both were written at once; alone it is
    // missed by nobody, so that a tail is lost from within the entry on.
    const Frame last = entries.back();
    const std::uint64_t tail = frames.back().end();
    if (kind == sim::Damage::wal_bit) flip(entries[entries.size() / 2]);
    if (kind == sim::Damage::wal_last_bit) flip(last);
    if (kind == sim::Damage::wal_last_half) zero(last.offset + last.size / 2, tail);
    if (kind == sim::Damage::wal_last_sector) zero((last.end() - 1) / sector * sector, tail);
    if (kind == sim::Damage::wal_cut) fs::resize_file(segment, last.offset + last.size / 2);
    return {};
}

Result<void> change_value(const fs::path& db, const std::string& value) {
    const std::string bytes = read(db);
    bool any = false;
    for (std::size_t at = bytes.find(value); at != std::string::npos;
         at = bytes.find(value, at + 1)) {
        overwrite(db, at, std::string(1, static_cast<char>(value[0] ^ 0x01)));
        any = true;
    }
    if (!any) return refused("the value is not in it", db);
    return {};
}

// To half of the pages that the two meta pages say are in use.
Result<void> cut_pages(const fs::path& db) {
    const std::string bytes = read(db);
    std::uint64_t used = 0;
    for (std::uint64_t meta = 0; meta < 2; ++meta) {
        std::uint64_t said = 0;
        for (std::size_t i = 8; i-- > 0;)
            said = said << 8 |
                   static_cast<unsigned char>(bytes.at(meta * page + high_water_offset + i));
        used = std::max(used, said);
    }
    fs::resize_file(db, used / 2 * page);
    return {};
}

bool copy_sparse(const fs::path& from, const fs::path& to) {
    std::ifstream in(from, std::ios::binary);
    std::ofstream out(to, std::ios::binary | std::ios::trunc);
    if (!in || !out) return false;
    std::string block(64 * page, '\0');
    const std::string zeros(block.size(), '\0');
    std::uint64_t size = 0;
    while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
        const auto got = static_cast<std::size_t>(in.gcount());
        if (std::equal(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(got),
                       zeros.begin()))
            out.seekp(static_cast<std::streamoff>(got), std::ios::cur);
        else
            out.write(block.data(), static_cast<std::streamsize>(got));
        size += got;
    }
    out.close();
    std::error_code error;
    fs::resize_file(to, size, error);
    return !error;
}

}  // namespace

Result<void> damage_files(const fs::path& data, sim::Damage kind, const std::string& value) {
    const fs::path wal = data / "member" / "wal";
    const fs::path snap = data / "member" / "snap";
    std::error_code error;
    switch (kind) {
        case sim::Damage::wal_bit:
        case sim::Damage::wal_last_bit:
        case sim::Damage::wal_last_half:
        case sim::Damage::wal_last_sector:
        case sim::Damage::wal_cut:
            return damage_wal(wal, kind);
        case sim::Damage::wal_lost:
        case sim::Damage::restore_killed:
            fs::remove_all(wal, error);
            break;
        case sim::Damage::db_value:
            return change_value(snap / "db", value);
        case sim::Damage::db_half:
            fs::resize_file(snap / "db", fs::file_size(snap / "db", error) / 2, error);
            break;
        case sim::Damage::db_pages:
            return cut_pages(snap / "db");
        case sim::Damage::db_lost:
            fs::remove(snap / "db", error);
            break;
        case sim::Damage::snap_lost: {
            std::size_t removed = 0;
            for (const auto& entry : fs::directory_iterator(snap, error))
                if (entry.path().extension() == ".snap") removed += fs::remove(entry.path(), error);
            if (removed == 0) return refused("there is no .snap file", snap);
            break;
        }
        case sim::Damage::none:
            break;
    }
    if (error) return refused(error.message(), data);
    return {};
}

Result<void> copy_tree(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::create_directories(to, error);
    if (error) return refused(error.message(), to);
    for (const auto& entry : fs::recursive_directory_iterator(from, error)) {
        const fs::path target = to / fs::relative(entry.path(), from, error);
        if (entry.is_directory(error))
            fs::create_directories(target, error);
        else if (!copy_sparse(entry.path(), target) && fs::exists(entry.path(), error))
            return refused("cannot be copied", entry.path());
    }
    return {};
}

}  // namespace quorate::xv
