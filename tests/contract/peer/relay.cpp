#include "tests/contract/peer/relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace quorate::peer::test {
namespace {

constexpr int look_ms = 5;  // at what the other thread asks for

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int socket_or_throw() {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) throw std::runtime_error("no socket");
    return made;
}

}  // namespace

Relay::Relay(std::uint16_t to) : to_(to), listening_(socket_or_throw()) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listening_, 8) != 0 ||
        ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("no port");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

Relay::~Relay() {
    ended_ = true;
    thread_.join();
    ::close(listening_);
    for (const Pair& pair : pairs_)
        for (const int end : pair.ends)
            ::close(end);
}

void Relay::silence() {
    silence_ = true;
    while (silence_)
        std::this_thread::yield();
}

void Relay::run() {
    while (!ended_) {
        std::vector<pollfd> waits{{listening_, POLLIN, 0}};
        for (const Pair& pair : pairs_)
            for (const int end : pair.ends)
                waits.push_back({pair.passes ? end : -1, POLLIN, 0});
        ::poll(waits.data(), waits.size(), look_ms);
        for (std::size_t i = 0; i < pairs_.size(); ++i)
            for (int from = 0; from < 2; ++from)
                if (waits[1 + 2 * i + static_cast<std::size_t>(from)].revents != 0)
                    pass(pairs_[i], from);
        if (waits[0].revents != 0) accept_one();
        if (!silence_) continue;
        for (Pair& pair : pairs_)
            pair.passes = false;
        silence_ = false;
    }
}

void Relay::accept_one() {
    const int from = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    const int to = socket_or_throw();
    const sockaddr_in address = loopback(to_);
    const bool connected = from >= 0 && ::connect(to, reinterpret_cast<const sockaddr*>(&address),
                                                  sizeof address) == 0;
    pairs_.push_back({{from, to}, connected});
}

void Relay::pass(Pair& pair, int from) {
    std::array<char, 16'384> bytes{};
    const ssize_t size = ::recv(pair.ends[from], bytes.data(), bytes.size(), 0);
    const int to = pair.ends[1 - from];
    if (size <= 0) {
        ::shutdown(to, SHUT_WR);
        pair.passes = false;
        return;
    }
    for (ssize_t sent = 0; sent < size;) {
        const ssize_t more =
            ::send(to, bytes.data() + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
        if (more <= 0) return;
        sent += more;
    }
}

}  // namespace quorate::peer::test
