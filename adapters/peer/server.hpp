// Where other agents tell this one what they know, and are told. TLS in both directions, on a unix
// socket too: whoever connects must hold the key of a replica's agent. Certificates may be renewed
// while it runs, the authority's too: new connections go by the files as they are then, and no
// connection lasts for long. Holds nothing of the agent but which reports were taken.
//
// Handlers are called on gRPC's threads, several at once, while start .. the destructor last: what
// they touch must allow that, and they must not wait.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/base/result.hpp"
#include "adapters/peer/address.hpp"
#include "adapters/peer/files.hpp"
#include "adapters/peer/letter.hpp"

namespace quorate::peer {

struct Handlers {
    // What this agent tells now; nullopt: it does not know yet whose cluster this is.
    std::function<std::optional<PeerReport>()> report;
    std::function<void(Ordinal from, PeerReport report)> heard;
    // The number that the agent spoke from, empty on a unix socket; told with each report.
    std::function<void(Ordinal from, std::string address)> came_from = [](Ordinal, std::string) {};
    // `what`: one line, with the cause and the next step.
    std::function<void(Doubt doubt, std::string what)> doubted = [](Doubt, const std::string&) {};
};

class Server {
  public:
    // Replaces whatever is at a unix socket: the agent's lock says that nobody else listens there.
    // A port must be free.
    static Result<std::unique_ptr<Server>> start(const Address& address, const Files& files,
                                                 Ordinal self, Handlers handlers);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();  // ends what is under way and removes a unix socket

    // With the port that was free.
    const Address& address() const;

  private:
    struct Running;
    explicit Server(std::unique_ptr<Running> running);

    std::unique_ptr<Running> running_;
};

}  // namespace quorate::peer
