// Where other agents tell this one what they know, and are told. TLS in both directions, on a unix
// socket too: whoever connects must hold the key of a replica's agent. Holds nothing of the agent
// but which reports were taken.
//
// Handlers are called on gRPC's threads, several at once, while start .. the destructor last: what
// they touch must allow that, and they must not wait.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/base/result.hpp"
#include "adapters/peer/files.hpp"
#include "adapters/peer/letter.hpp"

namespace quorate::peer {

struct Handlers {
    // What this agent tells now; nullopt: it does not know yet whose cluster this is.
    std::function<std::optional<PeerReport>()> report;
    std::function<void(Ordinal from, PeerReport report)> heard;
    std::function<void(Doubt doubt)> doubted = [](Doubt) {};
};

class Server {
  public:
    // Replaces whatever is at the socket: the agent's lock says that nobody else listens there.
    static Result<std::unique_ptr<Server>> start(const std::filesystem::path& socket,
                                                 const Files& files, Ordinal self,
                                                 Handlers handlers);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();  // ends what is under way and removes the socket

  private:
    struct Running;
    explicit Server(std::unique_ptr<Running> running);

    std::unique_ptr<Running> running_;
};

}  // namespace quorate::peer
