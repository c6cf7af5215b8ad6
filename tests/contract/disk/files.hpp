// A small language for damaging a data directory: read, write, cut, flip; and where the records of
// a WAL segment are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/disk/volume.hpp"

namespace quorate::disk {

std::string bytes_of(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, const std::string& bytes);

// Overwrites within the file and leaves the rest of it as it is.
void overwrite(const std::filesystem::path& path, std::uint64_t offset, const std::string& bytes);
void flip_bit(const std::filesystem::path& path, std::uint64_t offset);
void cut(const std::filesystem::path& path, std::uint64_t size);

std::filesystem::path wal_of(const Volume& volume);
std::filesystem::path snap_of(const Volume& volume);
std::filesystem::path db_of(const Volume& volume);

// All segments, in order.
std::vector<std::filesystem::path> segments_of(const Volume& volume);

// Copies the files as they are, holes included.
void copy_volume(const Volume& from, const Volume& to);

// A record within its segment: [offset, offset + size) with frame and padding.
struct Frame {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t type = 0;
};
std::vector<Frame> frames_of(const std::filesystem::path& segment);
Frame last_entry_of(const std::filesystem::path& segment);

// Records of a WAL by hand. `crc` is the chain so far and goes on.
std::string number(std::uint64_t field, std::uint64_t value);
std::string text(std::uint64_t field, const std::string& bytes);
std::string framed_record(std::uint64_t type, const std::string& data, std::uint32_t& crc);
std::string framed_checksum(std::uint32_t crc);

// examine(), of which a Failure fails the test.
DiskReport report_on(const Volume& volume);

}  // namespace quorate::disk
