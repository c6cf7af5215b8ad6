// A port of 127.0.0.1 that is this test program's own until it ends: below the range from which the
// kernel gives ports to connections, which would take one between the choice and its use, and
// locked against the test programs that run beside it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace quorate::test {

inline bool nobody_listens(std::uint16_t port) {
    const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int reuse = 1;  // a closed connection's remains do not count
    ::setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool bound = ::bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(handle);
    return bound;
}

inline std::uint16_t free_port() {
    constexpr int first = 10'000;
    constexpr int last = 20'000;  // from here on the end-to-end tests have theirs
    const std::string dir = "/tmp/quorate-test-ports";
    ::mkdir(dir.c_str(), 0777);
    static int next = first;
    for (; next < last; ++next) {
        const std::string file = dir + "/" + std::to_string(next);
        const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (lock < 0) continue;
        const auto port = static_cast<std::uint16_t>(next);
        // The lock stays open: it ends with the program.
        if (::flock(lock, LOCK_EX | LOCK_NB) == 0 && nobody_listens(port)) return ++next, port;
        ::close(lock);
    }
    throw std::runtime_error("no free port on 127.0.0.1");
}

}  // namespace quorate::test
