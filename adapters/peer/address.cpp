#include "adapters/peer/address.hpp"

namespace quorate::peer {

std::string to_text(const Address& address) {
    if (const auto* socket = std::get_if<UnixSocket>(&address))
        return "unix:" + socket->path.string();
    const TcpPort& port = std::get<TcpPort>(address);
    const bool brackets = port.host.find(':') != std::string::npos;
    return (brackets ? "[" + port.host + "]" : port.host) + ":" + std::to_string(port.number);
}

}  // namespace quorate::peer
