#include "tools/quorate/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace quorate::cli {
namespace {

namespace fs = std::filesystem;

bool taken(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const int one = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);  // as etcd does
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(fd, 1) == 0;
    const int error = errno;
    ::close(fd);
    return !bound && error == EADDRINUSE;
}

// Sockets with this local port: field 2 is address:port in hexadecimal, field 10 the inode.
void add_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);  // the heading
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string slot, local, remote, state, skip, inode;
        fields >> slot >> local >> remote >> state;
        for (int i = 0; i < 5; ++i)
            fields >> skip;
        fields >> inode;
        const std::size_t colon = local.find(':');
        if (colon == std::string::npos) continue;
        unsigned number = 0;
        std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
        if (number == port && inode != "0") inodes.insert("socket:[" + inode + "]");
    }
}

bool has_one_open(const fs::path& process, const std::set<std::string>& inodes) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(process / "fd", error))
        if (inodes.contains(fs::read_symlink(entry.path(), error).string())) return true;
    return false;
}

}  // namespace

std::optional<std::string> holder_of_port(std::uint16_t port) {
    if (!taken(port)) return std::nullopt;
    std::set<std::string> inodes;
    add_inodes("/proc/net/tcp", port, inodes);
    add_inodes("/proc/net/tcp6", port, inodes);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const std::string pid = entry.path().filename();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        if (!has_one_open(entry.path(), inodes)) continue;
        std::ifstream file(entry.path() / "comm");
        std::string name;
        std::getline(file, name);
        return name + " (pid " + pid + ")";
    }
    return "a process of another user";
}

}  // namespace quorate::cli
