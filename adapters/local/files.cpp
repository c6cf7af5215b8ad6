#include "adapters/local/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <thread>
#include <utility>

#include "adapters/clock/clock.hpp"

namespace quorate::local {
namespace {

std::string why() { return std::strerror(errno); }

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return number_; }

  private:
    int number_;
};

bool write_all(int descriptor, const std::string& content) {
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t n = ::write(descriptor, content.data() + done, content.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

bool sync_directory(const std::filesystem::path& directory) {
    const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.get() >= 0 && ::fsync(opened.get()) == 0;
}

constexpr Span patience_with_holders = seconds(2);

// proc(5): the state is what follows the name in parentheses, which may itself contain some.
bool is_stopped(pid_t process) {
    const auto stat = read_file("/proc/" + std::to_string(process) + "/stat");
    if (!stat || !*stat) return false;
    const std::size_t name_end = (*stat)->rfind(") ");
    return name_end != std::string::npos && (**stat)[name_end + 2] == 'T';
}

// As /proc/locks writes it. Inodes are numbered anew on each device.
std::string place_of(const struct stat& file) {
    char text[64];
    std::snprintf(text, sizeof text, "%02x:%02x:%ju", major(file.st_dev), minor(file.st_dev),
                  static_cast<std::uintmax_t>(file.st_ino));
    return text;
}

// Who holds the flock on this file; 0: nobody that can be seen. proc(5), /proc/locks:
// "1: FLOCK  ADVISORY  WRITE 4711 fe:01:1234 0 EOF"; waiting ones have "->" before FLOCK.
pid_t holder_of(int descriptor) {
    struct stat file {};
    if (::fstat(descriptor, &file) != 0) return 0;
    const std::string ours = place_of(file);
    const auto locks = read_file("/proc/locks");
    if (!locks || !*locks) return 0;
    std::istringstream lines(**locks);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string number, kind, advisory, mode, place;
        pid_t holder = 0;
        if (!(words >> number >> kind >> advisory >> mode >> holder >> place)) continue;
        if (kind == "FLOCK" && place == ours && holder > 1 && holder != ::getpid()) return holder;
    }
    return 0;
}

// By a descriptor of the process: looked at again after it was opened, the pid is still this one's.
void kill_if_stopped_holder(int descriptor) {
    const pid_t holder = holder_of(descriptor);
    if (holder == 0) return;
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, holder, 0)));
    if (process.get() < 0 || holder_of(descriptor) != holder || !is_stopped(holder)) return;
    ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

}  // namespace

Result<std::optional<std::string>> read_file(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) {
        if (errno == ENOENT) return std::optional<std::string>();
        return refused("cannot be read: " + why(), path);
    }
    std::string content;
    char buffer[4096];
    for (;;) {
        const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return refused("cannot be read: " + why(), path);
        if (n == 0) return std::optional<std::string>(std::move(content));
        content.append(buffer, static_cast<std::size_t>(n));
    }
}

Result<void> replace_file(const std::filesystem::path& path, const std::string& content) {
    const std::filesystem::path beside = path.string() + ".next-" + std::to_string(::getpid());
    {
        const Descriptor file(
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (file.get() < 0) return refused("cannot be written: " + why(), path);
        if (!write_all(file.get(), content) || ::fsync(file.get()) != 0) {
            const std::string cause = why();
            ::unlink(beside.c_str());
            return refused("cannot be written: " + cause, path);
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        const std::string cause = why();
        ::unlink(beside.c_str());
        return refused("cannot be replaced: " + cause, path);
    }
    if (!sync_directory(path.parent_path())) return unknown("may not be durable: " + why(), path);
    return {};
}

Result<FileLock> FileLock::lock(const std::filesystem::path& path, int operation) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return refused("cannot be opened: " + why(), path);
    while (::flock(descriptor, operation) != 0) {
        if (errno == EINTR) continue;
        const std::string cause = errno == EWOULDBLOCK ? "is held by another process" : why();
        ::close(descriptor);
        return refused(cause, path);
    }
    return FileLock(descriptor);
}

Result<FileLock> FileLock::wait(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0) return refused("cannot be opened: " + why(), path);
    Instant look = clock::since_boot() + patience_with_holders;
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return refused(why(), path);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // flock has no deadline
        if (clock::since_boot() < look) continue;
        kill_if_stopped_holder(file.get());
        look = look + patience_with_holders;
    }
    const int descriptor = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) return refused("cannot be opened: " + why(), path);
    return FileLock(descriptor);
}
Result<FileLock> FileLock::attempt(const std::filesystem::path& path) {
    return lock(path, LOCK_EX | LOCK_NB);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}
FileLock::~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);  // closing releases the lock
}

}  // namespace quorate::local
