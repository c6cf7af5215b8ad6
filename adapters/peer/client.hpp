// Tells one other agent a report and brings back its own. Every call ends at its deadline. May be
// used from any thread, one call at a time.
#pragma once

#include <memory>

#include "adapters/base/result.hpp"
#include "adapters/peer/address.hpp"
#include "adapters/peer/files.hpp"
#include "adapters/peer/letter.hpp"
#include "core/base/instant.hpp"

namespace quorate::peer {

class Client {
  public:
    // The files are read again whenever they changed: the next report goes out under the new ones.
    Client(Address address, Files files, Ordinal self, Ordinal peer);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    // Refused: somebody answers there who is not that replica's agent, or who does not believe this
    // one, or this one has no certificate to show. Unavailable: nobody is there, or it knows
    // nothing yet, or hung up. Unknown: no answer in time.
    Result<PeerReport> exchange(const PeerReport& own, Span deadline);

  private:
    struct Wire;
    std::unique_ptr<Wire> wire_;
};

}  // namespace quorate::peer
