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
    std::uint64_t restarts = 0;       // S5: starts of an identity that had run before
    std::uint64_t unknowable = 0;     // S5: rolled back to behind the mark, and nobody remembered
    std::uint64_t remembered = 0;     // S5: ... and another agent did
    std::uint64_t promotions = 0;     // S9
    std::uint64_t disarms = 0;        // S13: of NOSPACE
    std::uint64_t released = 0;       // S16
    std::uint64_t replayed = 0;       // S17
    std::uint64_t stamps = 0;         // S5: claims of a volume
    std::uint64_t set_aside = 0;      // S6
    std::uint64_t orders = 0;         // S7: rebuilds ordered
    std::uint64_t rebuilds = 0;       // S8
    std::uint64_t fenced = 0;         // S11, S12: changes of the cluster at their target
    std::uint64_t defragmented = 0;   // S13
    std::uint64_t returned = 0;       // lost volumes that came back with other data
    std::uint64_t cuts = 0;           // times some replica did not hear another
    std::uint64_t commands_most = 0;  // S21: of one agent in a minute
    std::uint64_t starts_most = 0;    // S21: of one etcd in a minute
    std::uint64_t versions = 0;       // S18: starts on data whose cluster version is known
    std::uint64_t upgrades = 0;       // S18: ... of a newer minor release than served there
    std::uint64_t mixed = 0;          // S18: ... beside members of another minor release
    InvariantCounts core;
};

// Those that every few hundred lives must reach, or the check behind it has proven nothing.
struct OracleCounter {
    const char* name;
    std::uint64_t OracleCounts::*place;
};
inline constexpr OracleCounter oracle_counters[] = {
    {"S1 removals", &OracleCounts::removals},
    {"S2 voters removed", &OracleCounts::voters_out},
    {"S3 times somebody could commit", &OracleCounts::able},
    {"S3 foundings", &OracleCounts::founded},
    {"S4 leaders held against acknowledged writes", &OracleCounts::leaders},
    {"S4 acknowledged writes", &OracleCounts::acknowledged},
    {"S5 starts of an identity that had run", &OracleCounts::restarts},
    {"S5 rollbacks that an agent within reach remembered", &OracleCounts::remembered},
    {"S5 starts of a rolled-back volume that nobody could tell", &OracleCounts::unknowable},
    {"S9 promotions", &OracleCounts::promotions},
    {"S16 commands released", &OracleCounts::released},
    {"S17 records replayed", &OracleCounts::replayed},
    {"S5 volumes claimed", &OracleCounts::stamps},
    {"S6 data set aside", &OracleCounts::set_aside},
    {"S7 rebuilds ordered", &OracleCounts::orders},
    {"S8 rebuilds", &OracleCounts::rebuilds},
    {"S11 S12 changes at their target", &OracleCounts::fenced},
    {"faults: volumes that came back changed", &OracleCounts::returned},
    {"faults: links cut", &OracleCounts::cuts},
};

inline void add(OracleCounts& to, const OracleCounts& more) {
    for (const OracleCounter& counter : oracle_counters)
        to.*counter.place += more.*counter.place;
}

class Oracles {
  public:
    explicit Oracles(World& world) : world_(world) {}

    const std::vector<Violation>& found() const { return found_; }
    Instant found_at() const { return found_at_; }  // of the first
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
    void issued(std::uint8_t agent, const Command& command);
    void carrying_out(std::uint8_t agent, const Command& command);
    void changing(std::uint8_t agent, const Command& command, Fence fence);
    void approved(const ClusterRecord& record, Ordinal survivor, LogPosition position);
    void losing(std::uint8_t o);       // a fault is about to change or drop this volume's data
    void rolled_back(std::uint8_t o);  // ... and this is what it holds now
    void rebuilt(std::uint8_t o);
    void journal_lost(std::uint8_t o) { last_command_[o] = {}; }  // and with it what was numbered
    void disarming_nospace();
    void refold(Journal& journal, std::size_t kept);
    void accept_loss(Ordinal survivor);  // an operator's token
    void after_event();
    void audit();
    void finish();  // S4 of the last leader, S17

    // With what is left, could the last cluster go on by itself? (L1 or L7.)
    bool recoverable() const;
    // Voters that serve hold different content, and too few of them the right one to say so.
    bool content_is_undecidable() const;
    bool lost(std::uint8_t o) const { return lost_[o]; }  // its history, to a fault
    std::string voters_text() const;                      // "0 1 (2 lost)"
    std::uint64_t writes_acknowledged() const { return counts_.acknowledged; }

  private:
    struct Ran {
        LogPosition reached;
        std::uint64_t term = 0;
        std::uint8_t ordinal = 0;
    };

    struct Approval {
        Epoch epoch;
        Ordinal survivor;
        LogPosition position;
        bool operator==(const Approval&) const = default;
    };
    struct Claim {
        std::uint8_t ordinal = 0;
        std::uint64_t life = 0;         // of the agent
        std::uint64_t incarnation = 0;  // of its etcd
        bool operator==(const Claim&) const = default;
    };
    struct Minute {
        std::int64_t number = -1;
        std::uint64_t commands = 0;
        std::uint64_t starts = 0;
    };
    // An agent learns of a death by its next probe at the earliest; a command under way then lands.
    static constexpr Span unknowable = seconds(3);
    // S21, for policies whose minutes are seconds: twice what 4,000 lives ever needed (240 and 21).
    static constexpr std::uint64_t commands_per_minute = 480;
    static constexpr std::uint64_t starts_per_minute = 42;

    void report(const char* id, std::string what);
    void stamping(std::uint8_t o, const StampVolume& stamp);
    void setting_aside(std::uint8_t o);
    void writing(const WriteRecord& write);
    void rebuilding(std::uint8_t o, const RebuildEtcd& how);
    void defragmenting(std::uint8_t o);
    void check_evidence_of_loss(std::uint8_t agent, const View& target);
    void check_succession(std::uint8_t leader, MemberId target);
    bool scaled_lately() const;
    bool lives(std::uint8_t o) const;
    bool in_reach(std::uint8_t voter) const;
    bool content_decidable() const;
    bool agree(std::uint8_t a, std::uint8_t b) const;
    void check_version(std::uint8_t o, const EtcdData& data);
    void check_floor(std::uint8_t o, const EtcdData& data);
    bool remembers(std::uint8_t peer, std::uint8_t o, const EtcdData& data) const;
    void excuse_start(std::uint8_t o, const EtcdData& data);
    void note_voters(std::uint8_t leader);
    void note_service(std::uint8_t o);
    void check_content(std::uint8_t leader);
    void forgive_all();
    void forgive_all_but(const EtcdData& data);

    World& world_;
    std::vector<Violation> found_;
    Instant found_at_;
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
    std::array<Instant, Network::size> serves_since_{};
    std::array<Instant, Network::size> steady_at_{};  // served, and had for longer than a probe
    std::vector<std::uint8_t> last_voters_;
    std::uint64_t topology_seen_ = 0;
    std::array<CommandId, Network::size> last_command_{};  // of this volume's journal
    std::array<Minute, Network::size> minute_{};
    std::array<Instant, Network::size> leads_since_{};
    std::vector<Approval> approved_;
    std::map<std::uint64_t, Claim> stamped_;  // by nonce
    Revision highest_;                        // that was ever acknowledged
    std::uint32_t desired_seen_ = 0;
    Instant scaled_at_;
    std::array<Instant, Network::size> store_cut_at_{};
    std::array<Instant, Network::size> defragmented_at_{};
};

}  // namespace quorate::sim
