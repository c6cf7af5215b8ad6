#include "adapters/disk/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace quorate::disk {
namespace fs = std::filesystem;
namespace {

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int get() const { return number_; }

  private:
    int number_;
};

// Errors that tell of the tree on the medium. EIO does not: storage that is away for a while
// answers so for every volume that it carries, and nothing of what lies there may be given up for
// it.
bool says_damage(int error) { return error == ENOTDIR || error == EUCLEAN || error == EBADMSG; }

Result<void> write_all(int descriptor, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("write", errno, path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> write_synced(const fs::path& path, std::string_view bytes) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return failed("create", errno, path);
    if (auto written = write_all(file.get(), bytes, path); !written) return written;
    if (::fsync(file.get()) != 0) return failed("fsync", errno, path);
    return {};
}

fs::path parent_of(const fs::path& path) {
    const fs::path parent = path.parent_path();
    return parent.empty() ? fs::path(".") : parent;
}

}  // namespace

tl::unexpected<Failure> failed(std::string_view doing, int error, const fs::path& path) {
    std::string what = "cannot " + std::string(doing) + ": " +
                       std::error_code(error, std::generic_category()).message();
    if (says_damage(error)) return refused(std::move(what), path.string());
    return unavailable(std::move(what), path.string());
}

Result<File> File::open(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return failed("open", errno, path);
    struct stat facts {};
    const bool known = ::fstat(descriptor, &facts) == 0;
    const int error = errno;
    File file(descriptor, static_cast<std::uint64_t>(facts.st_size), path);
    if (!known) return failed("stat", error, path);
    if (!S_ISREG(facts.st_mode)) return refused("not a regular file", path.string());
    return file;
}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(size_, other.size_);
    std::swap(path_, other.path_);
    return *this;
}

File::~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<char> to) const {
    std::size_t filled = 0;
    while (filled < to.size()) {
        const ssize_t got = ::pread(descriptor_, to.data() + filled, to.size() - filled,
                                    static_cast<off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("read", errno, path_);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    return filled;
}

Result<std::string> read_whole(const fs::path& path, std::uint64_t size_max) {
    auto file = File::open(path);
    if (!file) return tl::unexpected(file.error());
    if (file->size() > size_max) return refused("larger than it can be", path.string());
    std::string bytes(file->size(), '\0');
    auto got = file->read_at(0, bytes);
    if (!got) return tl::unexpected(got.error());
    bytes.resize(*got);
    return bytes;
}

Result<std::vector<std::string>> names_in(const fs::path& directory) {
    std::error_code error;
    std::vector<std::string> names;
    fs::directory_iterator entry(directory, error);
    if (error == std::errc::no_such_file_or_directory) return names;
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    if (error) return failed("list the directory", error.value(), directory);
    std::sort(names.begin(), names.end());
    return names;
}

Result<std::uint64_t> allocated_below(const fs::path& directory) {
    std::error_code error;
    std::uint64_t bytes = 0;
    fs::recursive_directory_iterator entry(directory, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        struct stat facts {};
        if (::lstat(entry->path().c_str(), &facts) != 0) continue;
        bytes += static_cast<std::uint64_t>(facts.st_blocks) * 512;  // st_blocks' unit, POSIX
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return failed("list the directory", error.value(), directory);
    }
    return bytes;
}

bool present(const fs::path& path) {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Result<void> make_directory(const fs::path& directory) {
    std::error_code error;
    if (fs::is_directory(directory, error)) return {};
    const fs::path parent = parent_of(directory);
    if (!present(parent)) {
        if (auto made = make_directory(parent); !made) return made;
    }
    if (::mkdir(directory.c_str(), 0700) != 0) {
        return failed("create the directory", errno, directory);
    }
    return sync(parent);
}

Result<void> write_atomically(const fs::path& path, std::string_view bytes) {
    const fs::path temporary = path.string() + ".tmp";
    if (auto written = write_synced(temporary, bytes); !written) return written;
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("rename", errno, temporary);
    return sync(parent_of(path));
}

Result<void> sync(const fs::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.get() < 0) return failed("open for fsync", errno, path);
    if (::fsync(file.get()) != 0) return failed("fsync", errno, path);
    return {};
}

Result<void> sync_tree(const fs::path& directory) {
    std::error_code error;
    fs::recursive_directory_iterator entry(directory, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        if (!entry->is_regular_file(error) && !entry->is_directory(error)) {
            return refused("neither a file nor a directory", entry->path().string());
        }
        if (auto synced = sync(entry->path()); !synced) return synced;
    }
    if (error) return failed("list the directory", error.value(), directory);
    return sync(directory);
}

}  // namespace quorate::disk
