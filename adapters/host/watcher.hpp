// Watches the files that agents share (desired replicas, cluster record) and tells when either may
// have changed: inotify on their directory, and a slow look in case an event was lost.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>

#include "adapters/base/result.hpp"

namespace quorate::host {

class Watcher {
  public:
    Watcher(boost::asio::io_context& loop, std::function<void()> changed);
    Result<void> watch(const std::filesystem::path& directory);
    void stop();

  private:
    void await_event();
    void await_look();

    boost::asio::posix::stream_descriptor events_;
    boost::asio::steady_timer timer_;
    std::function<void()> changed_;
    std::array<char, 4096> buffer_{};
};

}  // namespace quorate::host
