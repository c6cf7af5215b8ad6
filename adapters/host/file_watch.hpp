// Watches the files that agents share (desired replicas, cluster record) and tells what they say
// when either may have changed: inotify on their directory, and a slow look in case an event was
// lost.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <memory>

#include "adapters/base/store.hpp"

namespace quorate::host {

class FileWatch final : public StoreWatch {
  public:
    FileWatch(boost::asio::io_context& loop, std::shared_ptr<Store> store,
              std::filesystem::path directory);
    ~FileWatch() override;
    Result<void> start(StoreNews news) override;

  private:
    void await_event();
    void await_look();
    void look();

    boost::asio::posix::stream_descriptor events_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<Store> store_;
    std::filesystem::path directory_;
    StoreNews news_;
    std::array<char, 4096> buffer_{};
};

}  // namespace quorate::host
