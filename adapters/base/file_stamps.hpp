// Tells that a file is another one than before, or was written to, without reading it: for what was
// made of files that somebody renews.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <vector>

namespace quorate {

struct FileStamp {
    bool there = false;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t changed_s = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const FileStamp&) const = default;
};

// Links are followed: a mounted secret is renewed by turning one. Take the stamps before the files
// are read; what is written later has others.
inline std::vector<FileStamp> stamps_of(std::initializer_list<std::filesystem::path> files) {
    std::vector<FileStamp> stamps;
    for (const std::filesystem::path& file : files) {
        struct stat found {};
        FileStamp stamp;
        stamp.there = ::stat(file.c_str(), &found) == 0;
        if (stamp.there)
            stamp = {true,          found.st_dev,         found.st_ino,
                     found.st_size, found.st_ctim.tv_sec, found.st_ctim.tv_nsec};
        stamps.push_back(stamp);
    }
    return stamps;
}

}  // namespace quorate
