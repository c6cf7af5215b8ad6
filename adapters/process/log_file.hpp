// The output of a child, appended to a file that is rotated by size: file, file.1, file.2. Logging
// never holds up the child: what cannot be written (disk full) is counted and dropped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/base/ids.hpp"

namespace quorate::process {

inline constexpr Bytes kLogMax{std::uint64_t{16} << 20};
inline constexpr int kLogsKept = 2;  // beside the current one: 48 MiB in all

class LogFile {
  public:
    LogFile(std::filesystem::path path, Bytes max);  // an empty path: nothing is kept
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    ~LogFile();

    void append(std::string_view output);
    Bytes dropped() const { return dropped_; }

  private:
    bool ready();
    void rotate();

    std::filesystem::path path_;
    Bytes max_;
    Bytes size_;
    Bytes dropped_;
    int fd_ = -1;
};

}  // namespace quorate::process
