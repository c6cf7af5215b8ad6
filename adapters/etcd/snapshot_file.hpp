// The file a snapshot stream is written to. It appears under its name only when it is complete:
// every byte arrived, the SHA-256 at its end agrees, and it is on the disk. Until then it is a
// .part file, which the destructor removes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"

namespace quorate::etcd {

class SnapshotFile {
  public:
    static Result<std::unique_ptr<SnapshotFile>> create(const std::filesystem::path& to);
    ~SnapshotFile();
    SnapshotFile(const SnapshotFile&) = delete;
    SnapshotFile& operator=(const SnapshotFile&) = delete;

    Result<void> append(std::string_view blob);

    // Checks the trailer, syncs and renames; the size of the file.
    Result<Bytes> finish();

  private:
    struct Hash;

    SnapshotFile(std::filesystem::path to, int file);
    Result<void> check_trailer();
    Result<void> failed(const char* what, int error) const;

    std::filesystem::path to_;
    std::filesystem::path part_;
    int file_ = -1;
    std::unique_ptr<Hash> hash_;
    std::string tail_;  // the last bytes, at most a trailer: not hashed yet
    std::uint64_t size_ = 0;
};

}  // namespace quorate::etcd
