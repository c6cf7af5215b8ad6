#include "tests/contract/disk/files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "adapters/disk/bytes.hpp"
#include "adapters/disk/checksum.hpp"
#include "adapters/disk/wal.hpp"

namespace quorate::disk {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t entry_type = 2;
constexpr std::uint64_t checksum_type = 4;

std::string varint(std::uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7)
        bytes += static_cast<char>(value | 0x80);
    return bytes + static_cast<char>(value);
}

std::string framed(const std::string& record) {
    const std::uint64_t padding = (8 - record.size() % 8) % 8;
    std::uint64_t length = record.size();
    if (padding != 0) length |= (0x80 | padding) << 56;
    std::string bytes;
    for (int i = 0; i < 8; ++i)
        bytes += static_cast<char>(length >> (8 * i));
    return bytes + record + std::string(padding, '\0');
}

}  // namespace

std::string bytes_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

void write_bytes(const fs::path& path, const std::string& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << bytes;
    ASSERT_TRUE(file.flush()) << path;
}

void overwrite(const fs::path& path, std::uint64_t offset, const std::string& bytes) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
    ASSERT_TRUE(file.flush()) << path;
}

void flip_bit(const fs::path& path, std::uint64_t offset) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(offset));
    const char flipped = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(flipped);
    ASSERT_TRUE(file.flush()) << path;
}

void cut(const fs::path& path, std::uint64_t size) {
    ASSERT_LT(size, fs::file_size(path));
    fs::resize_file(path, size);
}

fs::path wal_of(const Volume& volume) { return volume.root / "etcd" / "member" / "wal"; }
fs::path snap_of(const Volume& volume) { return volume.root / "etcd" / "member" / "snap"; }
fs::path db_of(const Volume& volume) { return snap_of(volume) / "db"; }

std::vector<fs::path> segments_of(const Volume& volume) {
    std::vector<fs::path> paths;
    const auto names = wal_segments(wal_of(volume));
    if (!names) return paths;
    for (const std::string& name : *names)
        paths.push_back(wal_of(volume) / name);
    return paths;
}

void copy_volume(const Volume& from, const Volume& to) {
    fs::create_directories(to.root);
    const std::string command =
        "cp --archive --sparse=always '" + from.root.string() + "/.' '" + to.root.string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
}

std::vector<Frame> frames_of(const fs::path& segment) {
    std::vector<Frame> frames;
    const std::string bytes = bytes_of(segment);
    const std::string_view rest = bytes;
    for (std::uint64_t at = 0; at + 16 <= rest.size();) {
        const std::uint64_t length = load_le64(rest.substr(at));
        if (length == 0) break;
        const std::uint64_t padding = length >> 63 != 0 ? length >> 56 & 7 : 0;
        const std::uint64_t size = 8 + (length & 0x00FF'FFFF'FFFF'FFFF) + padding;
        // Field 1 of a record, its type, comes first: tag 8, then the number.
        frames.push_back(Frame{.offset = at, .size = size, .type = byte_of(rest[at + 9])});
        at += size;
    }
    return frames;
}

Frame last_entry_of(const fs::path& segment) {
    const std::vector<Frame> frames = frames_of(segment);
    const auto last = std::find_if(frames.rbegin(), frames.rend(),
                                   [](const Frame& frame) { return frame.type == entry_type; });
    EXPECT_NE(last, frames.rend());
    return last == frames.rend() ? Frame{} : *last;
}

std::string number(std::uint64_t field, std::uint64_t value) {
    return varint(field << 3) + varint(value);
}

std::string text(std::uint64_t field, const std::string& bytes) {
    return varint(field << 3 | 2) + varint(bytes.size()) + bytes;
}

std::string framed_record(std::uint64_t type, const std::string& data, std::uint32_t& crc) {
    crc = crc32c(crc, data);
    return framed(number(1, type) + number(2, crc) + text(3, data));
}

std::string framed_checksum(std::uint32_t crc) {
    return framed(number(1, checksum_type) + number(2, crc));
}

DiskReport report_on(const Volume& volume) {
    auto report = examine(volume);
    EXPECT_TRUE(report) << (report ? "" : report.error().what + " " + report.error().where);
    return report ? *report : DiskReport{};
}

}  // namespace quorate::disk
