// What must hold in every life, judged by an eye that sees everything (simulator.md 3.5). Each
// check counts how often its precondition was true, so that a check which never applied is seen.
// Losses by faults are known here: they alone excuse what they make impossible.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "core/invariants.hpp"
#include "sim/world/cluster.hpp"

namespace quorate::sim {

class World;

struct OracleCounts {
    std::uint64_t removals = 0;    // S1
    std::uint64_t voters_out = 0;  // S2: removals of voters
    std::uint64_t able = 0;        // S3: times somebody could commit
    std::uint64_t founded = 0;     // S3
    std::uint64_t leaders = 0;     // S4: leaders held against acknowledged writes
    std::uint64_t acknowledged = 0;
    std::uint64_t restarts = 0;    // S5: starts of an identity that had run before
    std::uint64_t unknowable = 0;  // S5: rolled back under the same start, and nobody remembered
    std::uint64_t remembered = 0;  // S5: ... and another agent did
    std::uint64_t promotions = 0;  // S9
    std::uint64_t disarms = 0;     // S13: of NOSPACE
    std::uint64_t released = 0;    // S16
    std::uint64_t replayed = 0;    // S17
    InvariantCounts core;
};

class Oracles {
  public:
    explicit Oracles(World& world) : world_(world) {}

    const std::vector<Violation>& found() const { return found_; }
    const OracleCounts& counts() const { return counts_; }

    // Told by the world.
    void removal_asked(std::uint8_t leader, MemberId target);
    void promotion_asked(std::uint8_t leader, MemberId target);
    void founding(std::uint8_t o, const EtcdData& data);
    void starting(std::uint8_t o, const EtcdData& data);
    void ended(std::uint8_t o);
    void established(std::uint8_t leader);
    void reconfigured(std::uint8_t leader);
    void acknowledged(std::uint8_t via, std::uint64_t write);
    void decided(std::uint8_t agent, const State& after, const Decision& decision);
    void released(std::uint8_t agent, CommandId command, CommandId committed);
    void losing(std::uint8_t o);       // a fault is about to change or drop this volume's data
    void rolled_back(std::uint8_t o);  // ... and this is what it holds now
    void rebuilt(std::uint8_t o);
    void disarming_nospace();
    void accept_loss(Ordinal survivor);  // an operator's token
    void after_event();
    void audit();
    void finish();  // S4 of the last leader, S17

    // With what is left, could the last cluster go on by itself? (L1 or L7.)
    bool recoverable() const;
    std::string voters_text() const;  // "0 1 (2 lost)"
    std::uint64_t writes_acknowledged() const { return counts_.acknowledged; }

  private:
    struct Ran {
        LogPosition reached;
        std::uint64_t term = 0;
        std::uint8_t ordinal = 0;
    };

    void report(const char* id, std::string what);
    bool lives(std::uint8_t o) const;
    bool in_reach(std::uint8_t voter) const;
    bool agree(std::uint8_t a, std::uint8_t b) const;
    bool remembers(std::uint8_t peer, std::uint8_t o, const EtcdData& data) const;
    void excuse_start(std::uint8_t o, const EtcdData& data);
    void note_voters(std::uint8_t leader);
    void check_content(std::uint8_t leader);
    void refold(const Journal& journal);
    void forgive_all();
    void forgive_all_but(const EtcdData& data);

    World& world_;
    std::vector<Violation> found_;
    OracleCounts counts_;
    std::map<std::uint64_t, Ran> ran_;  // by member id
    std::vector<ClusterId> clusters_;   // that ever were
    std::vector<bool> owed_;            // by write: acknowledged and not forgiven
    std::array<bool, Network::size> lost_{};
    bool ever_lost_ = false;
    std::array<bool, Network::size> looks_honest_{};    // lost, and nothing outside tells
    std::array<MemberId, Network::size> same_start_{};  // rolled back, and only a peer can tell
    std::array<Instant, Network::size> lost_at_{};
    std::array<MemberId, Network::size> lost_as_{};  // the identity whose history was lost
    std::array<MemberId, Network::size> ran_as_{};   // the last identity that ran here
    std::array<Instant, Network::size> served_at_{};
    std::vector<std::uint8_t> last_voters_;
    std::uint64_t topology_seen_ = 0;
};

}  // namespace quorate::sim
