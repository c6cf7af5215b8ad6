#include "adapters/host/file_watch.hpp"

#include <sys/inotify.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace quorate::host {
namespace {

constexpr std::chrono::seconds slow_look{5};

}  // namespace

FileWatch::FileWatch(boost::asio::io_context& loop, std::shared_ptr<Store> store,
                     std::filesystem::path directory)
    : events_(loop), timer_(loop), store_(std::move(store)), directory_(std::move(directory)) {}

FileWatch::~FileWatch() {
    boost::system::error_code ignored;
    events_.close(ignored);
    timer_.cancel();
}

Result<void> FileWatch::start(StoreNews news) {
    news_ = std::move(news);
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) return refused(std::strerror(errno), "inotify");
    events_.assign(descriptor);
    // Files are replaced by rename: that is the only event of interest.
    if (::inotify_add_watch(descriptor, directory_.c_str(), IN_MOVED_TO | IN_DELETE) < 0)
        return refused(std::strerror(errno), directory_);
    await_event();
    await_look();
    look();
    return {};
}

void FileWatch::look() {
    news_.desired(store_->desired());
    news_.record(store_->record());
}

void FileWatch::await_event() {
    events_.async_read_some(boost::asio::buffer(buffer_),
                            [this](const boost::system::error_code& error, std::size_t) {
                                if (error) return;
                                look();
                                await_event();
                            });
}

void FileWatch::await_look() {
    timer_.expires_after(slow_look);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        look();
        await_look();
    });
}

}  // namespace quorate::host
