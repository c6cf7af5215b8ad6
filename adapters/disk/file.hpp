// Files and directories as this adapter needs them: read-only access that neither follows a damaged
// length nor blocks on something that is not a file, and the fsyncs that make a rename durable.
//
// Failures tell damage from bad luck: `refused` says that the bytes are wrong or cannot be read off
// the medium (a fact about the disk), `unavailable` that this process could not look (permissions,
// descriptors, a file that just vanished).
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/base/result.hpp"

namespace quorate::disk {

// "cannot <doing>: <text of errno>", of the kind that the errno stands for.
tl::unexpected<Failure> failed(std::string_view doing, int error,
                               const std::filesystem::path& path);

class File {
  public:
    // Refuses all but regular files, so that a pipe or device cannot make the reader wait.
    static Result<File> open(const std::filesystem::path& path);

    File(File&& other) noexcept;
    File& operator=(File&& other) noexcept;
    ~File();

    std::uint64_t size() const { return size_; }
    int descriptor() const { return descriptor_; }
    const std::filesystem::path& path() const { return path_; }

    // Fills `to` from `offset` on; fewer bytes only at the end of the file.
    Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const;

  private:
    File(int descriptor, std::uint64_t size, std::filesystem::path path)
        : descriptor_(descriptor), size_(size), path_(std::move(path)) {}

    int descriptor_ = -1;
    std::uint64_t size_ = 0;  // at the time of opening
    std::filesystem::path path_;
};

// The whole file; refused when it is larger than `size_max`.
Result<std::string> read_whole(const std::filesystem::path& path, std::uint64_t size_max);

// Names in a directory, sorted; none when the directory is missing.
Result<std::vector<std::string>> names_in(const std::filesystem::path& directory);

// Allocated bytes of everything below. Files that vanish meanwhile do not count.
Result<std::uint64_t> allocated_below(const std::filesystem::path& directory);

// True also where it cannot be told: what is opened next then says why.
bool present(const std::filesystem::path& path);

// Creates the directory 0700 and its missing parents, durably.
Result<void> make_directory(const std::filesystem::path& directory);

// Replaces the file by one with these bytes, durably and atomically: through `<path>.tmp`.
Result<void> write_atomically(const std::filesystem::path& path, std::string_view bytes);

// Of a file or a directory.
Result<void> sync(const std::filesystem::path& path);

// Of every file and directory below, and of `directory` itself.
Result<void> sync_tree(const std::filesystem::path& directory);

// The standard library throws where memory ends; no exception leaves the adapter.
template <class Call>
auto guarded(const std::filesystem::path& where, Call call) -> decltype(call()) {
    try {
        return call();
    } catch (const std::exception& problem) {
        return unavailable(std::string("the disk adapter gave up: ") + problem.what(),
                           where.string());
    }
}

}  // namespace quorate::disk
