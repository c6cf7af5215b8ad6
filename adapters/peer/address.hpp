// Where an agent listens for the others: a unix socket when all run on one machine, else a port. A
// port's host is a name wherever there is one: it is resolved anew for every connection, so that a
// pod may come back with another address.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

namespace quorate::peer {

struct UnixSocket {
    std::filesystem::path path;
    bool operator==(const UnixSocket&) const = default;
};
struct TcpPort {
    std::string host;
    std::uint16_t number = 0;  // listening: 0 is any that is free
    bool operator==(const TcpPort&) const = default;
};
using Address = std::variant<UnixSocket, TcpPort>;

// "unix:PATH" or "HOST:PORT", with brackets around an IPv6 address.
std::string to_text(const Address& address);

}  // namespace quorate::peer
