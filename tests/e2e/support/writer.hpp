// A client that never stops writing: puts of unique keys, one after the other, on all client URLs
// in turn. It remembers what was acknowledged; that must be there at the end, whatever happened,
// and each acknowledged write must be of a higher revision than those before it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/etcd/client.hpp"

namespace quorate::e2e {

class Writer {
  public:
    using Clients = std::vector<std::unique_ptr<etcd::Client>>;

    // By default about a hundred writes a second: always some in flight, and few enough to read all
    // back.
    explicit Writer(Clients clients,
                    std::chrono::milliseconds pause = std::chrono::milliseconds(8));
    ~Writer();

    // How many writes were acknowledged so far.
    std::size_t acknowledged() const { return acknowledged_; }
    // Returns when so many more were acknowledged; false when that did not happen in time.
    bool goes_on(std::size_t more = 20) const;

    void stop();                                 // after it nothing is written any more
    Revision newest() const { return newest_; }  // of the acknowledged ones; stopped only

    // Reads every acknowledged write, linearizably, through whoever answers. Empty: all are there,
    // and no revision went backwards; else what is missing or different.
    std::string missing();

    static std::string value_of(std::size_t number);

  private:
    void write();

    Clients clients_;
    const std::chrono::milliseconds pause_;
    std::atomic<bool> stopping_ = false;
    std::atomic<std::size_t> acknowledged_ = 0;
    std::vector<std::size_t> numbers_;  // of the acknowledged ones
    Revision newest_;
    std::string backwards_;
    std::thread thread_;
};

}  // namespace quorate::e2e
