// One report on its way, and who may take it. An agent speaks for its own replica alone: its
// certificate names the ordinal, and what a letter says of its sender must be what the connection
// proved.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/model/peer.hpp"

namespace quorate::peer {

// The one DNS name in the certificate of a replica's agent.
std::string agent_name(Ordinal ordinal);

// Whose agent such names prove; nullopt: no agent's, or several agents'.
std::optional<Ordinal> agent_named(const std::vector<std::string>& names);

struct Letter {
    Ordinal from;
    Ordinal to;
    PeerReport report;
    std::uint64_t session = 0;
};

// Why a letter is not believed.
enum class Doubt {
    other_authority,  // its certificate is not of this cluster
    expired,          // its certificate is, and holds no more, or not yet
    stranger,         // its certificate is no agent's
    other_sender,     // it speaks for another replica than the one that sent it
    other_addressee,  // it was meant for another replica
    other_lineage,    // it is of another cluster
    replayed,         // this report, or a later one, was taken before
};
const char* name_of(Doubt doubt);
// What it means, and the next step.
const char* meaning_of(Doubt doubt);

struct Verdict {
    std::optional<Doubt> doubt;
    bool taken = false;
    std::uint64_t session = 0;  // the one to tell under; when not taken, a fresh one
};

// Takes each report once. The sender proves that its letter was written for this life of this agent
// by a session that only an answer to it names, and within one session sequences rise: a letter
// that was recorded earlier opens nothing and is taken by nobody. May be used from any thread.
class Sessions {
  public:
    explicit Sessions(Ordinal self) : self_(self) {}

    // `certified`: the replica whose agent the connection belongs to.
    Verdict judge(const Letter& letter, std::optional<Ordinal> certified, const PeerReport& own);

  private:
    struct Session {
        std::uint64_t number = 0;
        std::uint64_t boot = 0;
        std::uint64_t sequence = 0;
    };

    const Ordinal self_;
    std::mutex mutex_;
    std::map<Ordinal, Session> open_;  // one for each replica
};

}  // namespace quorate::peer
