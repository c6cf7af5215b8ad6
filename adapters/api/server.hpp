// The agent's own service, on a unix socket that only its user may open. It holds nothing of the
// agent: what it answers comes from the handlers.
//
// Handlers are called on gRPC's threads, several at once, while start .. the destructor last: what
// they touch must allow that, and they must return within a second or so (the client's deadline).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/api/explained.hpp"
#include "adapters/base/result.hpp"

namespace quorate::api {

inline constexpr std::uint32_t recent_max = 1'000;      // decisions in one answer
inline constexpr std::size_t followers_max = 8;         // live views at once
inline constexpr std::size_t follower_queue_max = 256;  // a slower view loses the oldest

// An empty one is answered with a refusal.
struct Handlers {
    std::function<std::string()> status = {};  // JSON
    std::function<Result<std::vector<Explained>>(std::uint32_t last, std::optional<EventSeq> event)>
        recent = {};
    std::function<Result<std::string>()> recover_plan = {};  // JSON
    std::function<Result<void>(const std::string& token)> approve_recovery = {};
    std::function<Result<void>(const std::filesystem::path& path)> export_journal = {};
};

class Server {
  public:
    // Replaces a socket that nobody listens on; refused when somebody does.
    static Result<std::unique_ptr<Server>> start(const std::filesystem::path& socket,
                                                 Handlers handlers);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();  // ends what is under way and removes the socket

    // Tells the live views; from any thread, never blocks for long.
    void publish(const Explained& explained);

  private:
    struct Running;
    explicit Server(std::unique_ptr<Running> running);

    std::unique_ptr<Running> running_;
};

}  // namespace quorate::api
