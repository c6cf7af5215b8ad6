#include "tests/e2e/support/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "adapters/local/layout.hpp"
#include "core/base/limits.hpp"

namespace quorate::e2e {
namespace {

// Below the ports that the kernel hands out by itself.
constexpr std::uint16_t first = 20'000;
constexpr std::uint16_t last = 32'000;
constexpr std::uint16_t range = 100;

bool is_free(std::uint16_t port) {
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

bool all_free(std::uint16_t base) {
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        const local::Ports ports = local::ports_of(base, Ordinal{i});
        if (!is_free(ports.client) || !is_free(ports.peer) || !is_free(ports.metrics)) return false;
    }
    return true;
}

}  // namespace

Ports::Ports() {
    const std::filesystem::path dir = "/tmp/quorate-e2e-ports";
    std::filesystem::create_directories(dir);
    for (std::uint16_t base = first; base < last; base = static_cast<std::uint16_t>(base + range)) {
        auto lock = local::FileLock::attempt(dir / std::to_string(base));
        if (!lock || !all_free(base)) continue;
        base_ = base;
        lock_ = std::move(*lock);
        return;
    }
    throw std::runtime_error("no free range of ports on 127.0.0.1");
}

}  // namespace quorate::e2e
