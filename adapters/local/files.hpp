// Small files that several processes share: read whole, replaced whole, changed under a lock.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "adapters/base/result.hpp"

namespace quorate::local {

// nullopt: there is no such file.
Result<std::optional<std::string>> read_file(const std::filesystem::path& path);

// Durable when it returns: written beside, synced, renamed, directory synced.
Result<void> replace_file(const std::filesystem::path& path, const std::string& content);

// Exclusive while it lives; `path` itself is never replaced, so the lock stays where it is.
class FileLock {
  public:
    // Waits; the holders keep it for one small write. One that was stopped (SIGSTOP) while it held
    // the lock would block everybody for as long: it is killed, as whoever started it starts it
    // again. One that is only slow is waited for.
    static Result<FileLock> wait(const std::filesystem::path& path);
    // Refused when somebody holds it.
    static Result<FileLock> attempt(const std::filesystem::path& path);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

    int descriptor() const { return descriptor_; }

  private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    static Result<FileLock> lock(const std::filesystem::path& path, int operation);

    int descriptor_ = -1;
};

}  // namespace quorate::local
