#include "tests/contract/disk/real_etcd.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "tests/support/free_port.hpp"

namespace quorate::disk {
namespace fs = std::filesystem;
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

class Socket {
  public:
    Socket() : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { ::close(number_); }
    int get() const { return number_; }

    bool connect(std::uint16_t port) const {
        const sockaddr_in address = loopback(port);
        return ::connect(number_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }

  private:
    int number_;
};

std::string base64(std::string_view bytes) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group =
                group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text += i + k > bytes.size() ? '=' : letters[group >> (18 - 6 * k) & 63];
        }
    }
    return text;
}

// The number in `"name":"123"`, the gateway's way to write 64 bits.
std::uint64_t number_in(const std::string& json, const std::string& name) {
    const std::string before = "\"" + name + "\":\"";
    const std::size_t at = json.find(before);
    if (at == std::string::npos) throw std::runtime_error("no " + name + " in: " + json);
    return std::strtoull(json.c_str() + at + before.size(), nullptr, 10);
}

// In the child: does not return.
[[noreturn]] void become(const std::vector<std::string>& arguments, const fs::path& log) {
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) {
        pointers.push_back(const_cast<char*>(argument.c_str()));
    }
    pointers.push_back(nullptr);
    ::execvp(pointers[0], pointers.data());
    ::_exit(127);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
    std::array<char, 32> name{"/tmp/quorate-disk-XXXXXX"};
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name.data();
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

RealEtcd::RealEtcd(const Volume& volume, const Flags& flags) {
    start(volume, flags);
    try {
        await_ready();
    } catch (...) {
        stop(SIGKILL);
        throw;
    }
}

RealEtcd::~RealEtcd() { stop(SIGKILL); }

void RealEtcd::start(const Volume& volume, const Flags& flags) {
    const std::uint16_t client_port = test::free_port();
    const std::uint16_t peer_port = test::free_port();
    client_port_ = client_port;
    const std::string client_url = "http://127.0.0.1:" + std::to_string(client_port_);
    const std::string peer_url = "http://127.0.0.1:" + std::to_string(peer_port);
    const char* binary = std::getenv("QUORATE_ETCD");
    std::vector<std::string> arguments{binary != nullptr ? binary : "etcd",
                                       "--name=one",
                                       "--data-dir=" + (volume.root / "etcd").string(),
                                       "--listen-client-urls=" + client_url,
                                       "--advertise-client-urls=" + client_url,
                                       "--listen-peer-urls=" + peer_url,
                                       "--initial-advertise-peer-urls=" + peer_url,
                                       "--initial-cluster=one=" + peer_url};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    fs::create_directories(volume.root);
    pid_ = ::fork();
    if (pid_ == 0) become(arguments, volume.root / "etcd.log");
    if (pid_ < 0) throw std::runtime_error("fork failed");
}

void RealEtcd::await_ready() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (std::chrono::steady_clock::now() < deadline && !ended()) {
        const std::string answer = request("GET", "/version", "");
        const bool decided = answer.find("\"etcdcluster\":\"3.") != std::string::npos;
        if (decided && put("ready", "yes")) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    throw std::runtime_error("etcd did not become ready");
}

bool RealEtcd::ended() const {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ <= 0;
}

std::string RealEtcd::request(const std::string& verb, const std::string& path,
                              const std::string& body) const {
    const Socket socket;
    if (!socket.connect(client_port_)) return "";
    const std::string text =
        verb + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close" +
        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
        return "";
    }
    std::string answer;
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::recv(socket.get(), part.data(), part.size(), 0)) > 0;) {
        answer.append(part.data(), static_cast<std::size_t>(got));
    }
    return answer;
}

Status RealEtcd::status() const {
    const std::string json = request("POST", "/v3/maintenance/status", "{}");
    return Status{.member_id = {number_in(json, "member_id")},
                  .cluster_id = {number_in(json, "cluster_id")},
                  .position = {.term = {number_in(json, "raftTerm")},
                               .index = {number_in(json, "raftIndex")}},
                  .revision = static_cast<std::int64_t>(number_in(json, "revision"))};
}

bool RealEtcd::put(const std::string& key, const std::string& value) const {
    const std::string body =
        "{\"key\":\"" + base64(key) + "\",\"value\":\"" + base64(value) + "\"}";
    return request("POST", "/v3/kv/put", body).find("\"revision\"") != std::string::npos;
}

void RealEtcd::put_many(int count) const {
    for (int i = 0; i < count; ++i) {
        if (!put("key" + std::to_string(i), "value" + std::to_string(i))) {
            throw std::runtime_error("a put was not acknowledged");
        }
    }
}

void RealEtcd::stop(int signal) {
    if (ended()) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

}  // namespace quorate::disk
