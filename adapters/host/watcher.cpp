#include "adapters/host/watcher.hpp"

#include <sys/inotify.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace quorate::host {
namespace {

constexpr std::chrono::seconds slow_look{5};

}  // namespace

Watcher::Watcher(boost::asio::io_context& loop, std::function<void()> changed)
    : events_(loop), timer_(loop), changed_(std::move(changed)) {}

Result<void> Watcher::watch(const std::filesystem::path& directory) {
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) return refused(std::strerror(errno), "inotify");
    events_.assign(descriptor);
    // Files are replaced by rename: that is the only event of interest.
    if (::inotify_add_watch(descriptor, directory.c_str(), IN_MOVED_TO | IN_DELETE) < 0)
        return refused(std::strerror(errno), directory);
    await_event();
    await_look();
    return {};
}

void Watcher::stop() {
    boost::system::error_code ignored;
    events_.close(ignored);
    timer_.cancel();
}

void Watcher::await_event() {
    events_.async_read_some(boost::asio::buffer(buffer_),
                            [this](const boost::system::error_code& error, std::size_t) {
                                if (error) return;
                                changed_();
                                await_event();
                            });
}

void Watcher::await_look() {
    timer_.expires_after(slow_look);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        changed_();
        await_look();
    });
}

}  // namespace quorate::host
