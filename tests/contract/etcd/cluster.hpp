// Real etcd processes on free ports of 127.0.0.1, for tests. A Cluster's members end with it, and
// its directory goes with it. The binary is QUORATE_ETCD, else etcd from the PATH.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "adapters/etcd/client.hpp"
#include "tests/support/free_port.hpp"

namespace quorate::etcd::test {

// Enough for any call on a slow machine; no test waits for it to pass.
inline constexpr Span patience = seconds(30);

// Polls until the condition holds; false when it never did.
bool eventually(const std::function<bool()>& condition);

class TempDir {
  public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

using quorate::test::free_port;

// QUORATE_ETCD, else etcd.
std::string binary();

class Member {
  public:
    Member(std::filesystem::path dir, std::string name, bool tls);
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    const Endpoint& endpoint() const { return endpoint_; }
    const std::string& name() const { return name_; }
    Client& client() { return *client_; }
    std::string log() const;

    void start(const std::vector<std::string>& arguments);
    void stop();  // SIGSTOP; returns when every thread has stopped
    void go_on();
    void kill();  // SIGKILL; returns when it is gone
    // Its wait status, once it has ended by itself.
    std::optional<int> ended();

  private:
    std::filesystem::path dir_;
    std::string name_;
    Endpoint endpoint_;
    std::unique_ptr<Client> client_;
    pid_t pid_ = 0;
};

enum class Wire { plain, tls };

class Cluster {
  public:
    struct Options {
        int size = 1;
        Wire wire = Wire::plain;
        std::vector<std::string> arguments;  // more of etcd's, for every member
    };

    // Returns when every member serves.
    explicit Cluster(Options options);

    Member& at(std::size_t index) { return *members_.at(index); }
    std::size_t size() const { return members_.size(); }
    MemberId id(std::size_t index);
    std::size_t leader();
    std::size_t follower() { return (leader() + 1) % members_.size(); }

    std::optional<Tls> tls() const;
    std::filesystem::path dir() const { return dir_.path(); }

    // A member with ports and a name, not started and not added.
    Member& prepare();
    // Starts what `add_learner` was told of.
    void join(Member& member);
    void restart(std::size_t index, const std::string& state = "existing");

  private:
    std::string initial_cluster() const;
    std::vector<std::string> arguments(const std::string& state) const;

    TempDir dir_;
    Options options_;
    std::vector<std::unique_ptr<Member>> members_;
};

// The payload; else the test fails and says what came instead.
template <class T>
T must(Answer<T> answer) {
    if (auto* payload = std::get_if<T>(&answer)) return std::move(*payload);
    if (auto* refused = std::get_if<Refused>(&answer))
        throw std::runtime_error("refused: " + refused->text);
    throw std::runtime_error("unknown: " + std::get<Unknown>(answer).text);
}

// The refusal; else the test fails.
template <class T>
Refusal refusal_of(const Answer<T>& answer) {
    if (auto* refused = std::get_if<Refused>(&answer)) return refused->refusal;
    if (auto* unknown = std::get_if<Unknown>(&answer))
        throw std::runtime_error("unknown: " + unknown->text);
    throw std::runtime_error("not refused");
}

}  // namespace quorate::etcd::test
