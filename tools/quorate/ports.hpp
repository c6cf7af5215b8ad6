// Is a TCP port of 127.0.0.1 free, and if not, who has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace quorate::cli {

// nullopt: free. Else the process in words: "etcd (pid 4711)", or "another user's process".
std::optional<std::string> holder_of_port(std::uint16_t port);

}  // namespace quorate::cli
