// A port of 127.0.0.1 that leads to another one, until its connections go silent: they stay, and
// nothing passes any more, as when the machine at the other end is gone. Later ones pass.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace quorate::peer::test {

class Relay {
  public:
    explicit Relay(std::uint16_t to);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    std::uint16_t port() const { return port_; }
    void silence();  // returns when nothing passes any more

  private:
    struct Pair {
        int ends[2];
        bool passes = true;
    };
    void run();
    void accept_one();
    void pass(Pair& pair, int from);

    const std::uint16_t to_;
    std::uint16_t port_ = 0;
    int listening_ = -1;
    std::vector<Pair> pairs_;  // of the thread
    std::atomic<bool> silence_ = false;
    std::atomic<bool> ended_ = false;
    std::thread thread_;
};

}  // namespace quorate::peer::test
