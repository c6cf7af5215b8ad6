// A proxy before each member's peer port, so that members can be cut off from each other on
// loopback. Whose connection it is is told by the kernel: the socket at the other end belongs to
// one of the processes. A cut closes what is open and refuses what comes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace quorate::xv {

class Proxies {
  public:
    Proxies();  // with a thread of its own: peers talk while the scenario waits for an answer
    ~Proxies();
    Proxies(const Proxies&) = delete;
    Proxies& operator=(const Proxies&) = delete;

    // Accepts on `port` for the member that listens on `target`. False: the port is taken.
    bool serve(std::uint8_t member, std::uint16_t port, std::uint16_t target);
    void runs_as(std::uint8_t member, pid_t pid);
    void cut(std::uint8_t a, std::uint8_t b);
    void heal();

  private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace quorate::xv
