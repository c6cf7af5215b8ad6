#include "adapters/process/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace quorate::process {
namespace {

std::filesystem::path numbered(const std::filesystem::path& path, int number) {
    if (number == 0) return path;
    return path.string() + "." + std::to_string(number);
}

}  // namespace

LogFile::LogFile(std::filesystem::path path, Bytes max) : path_(std::move(path)), max_(max) {}

LogFile::~LogFile() {
    if (fd_ >= 0) ::close(fd_);
}

// Opened at the first output and again after a failure: the directory may come back.
bool LogFile::ready() {
    if (fd_ >= 0) return true;
    if (path_.empty()) return false;
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    struct stat status {};
    if (fd_ >= 0 && ::fstat(fd_, &status) == 0)
        size_.value = static_cast<std::uint64_t>(status.st_size);
    return fd_ >= 0;
}

void LogFile::append(std::string_view output) {
    while (!output.empty()) {
        if (ready() && size_ >= max_) rotate();
        if (!ready()) break;
        const ssize_t written = ::write(fd_, output.data(), output.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) break;
        size_.value += static_cast<std::uint64_t>(written);
        output.remove_prefix(static_cast<std::size_t>(written));
    }
    dropped_.value += output.size();
}

void LogFile::rotate() {
    std::error_code ignored;
    for (int number = kLogsKept; number > 0; --number)
        std::filesystem::rename(numbered(path_, number - 1), numbered(path_, number), ignored);
    ::close(fd_);
    fd_ = -1;
    // Where it could not be renamed, it is started anew: bounded is more important than kept.
    if (::truncate(path_.c_str(), 0) != 0) size_ = Bytes{0};
}

}  // namespace quorate::process
