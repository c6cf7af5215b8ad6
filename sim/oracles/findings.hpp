// What the oracles have found in one life, and how often the precondition of each was true, so that
// a check which never applied is seen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/instant.hpp"
#include "core/invariants.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

// An agent learns of a death by its next probe at the earliest; a command under way then lands.
inline constexpr Span unknowable = seconds(3);

struct OracleCounts {
    std::uint64_t removals = 0;    // S1
    std::uint64_t voters_out = 0;  // S2: removals of voters
    std::uint64_t able = 0;        // S3: times somebody could commit
    std::uint64_t founded = 0;     // S3
    std::uint64_t unheard_of = 0;  // S3: foundings beside a cluster that nobody in reach knew
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
    std::uint64_t left_behind = 0;    // S6: ... whole, and left by a removed member
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
    std::uint64_t lists = 0;          // S10: member lists that a leader applied
    std::uint64_t entries = 0;        // S10: records that were written
    std::uint64_t processes = 0;      // S10: processes that were started
    std::uint64_t differing = 0;      // S14: looks at voters that differ and could be compared
    std::uint64_t suspects = 0;       // S14: looks at members whose agents found that they do
    std::uint64_t suspects_told = 0;  // S14: ... and at those whose agents only others can tell
    std::uint64_t ready = 0;          // S15: looks at replicas that say they are ready
    std::uint64_t observations = 0;   // S22: that tell of more than the own replica
    std::uint64_t accused = 0;        // L4: looks at CORRUPT alarms
    std::uint64_t unheard = 0;        // L4: looks at etcds that no agent can connect to
    std::uint64_t amnesiacs = 0;      // L4: looks at volumes that are not what their member ran on
    std::uint64_t stuck = 0;          // L4: looks at learners that are silent for too long
    std::uint64_t scalings = 0;       // L6: that nothing disturbed
    std::uint64_t outages = 0;        // L8: looks at healthy members without the store
    std::uint64_t ended = 0;          // L11: commands that got their outcome
    std::uint64_t unfinished = 0;     // L11: looks at agents in the middle of something
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
    {"S3 foundings beside a cluster that nobody in reach knew of", &OracleCounts::unheard_of},
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
    {"S6 whole data of removed members set aside", &OracleCounts::left_behind},
    {"S7 rebuilds ordered", &OracleCounts::orders},
    {"S8 rebuilds", &OracleCounts::rebuilds},
    {"S11 S12 changes at their target", &OracleCounts::fenced},
    {"S10 member lists applied", &OracleCounts::lists},
    {"S10 records written", &OracleCounts::entries},
    {"S10 processes started", &OracleCounts::processes},
    {"S14 looks at voters that differ", &OracleCounts::differing},
    {"S14 looks at members that are known to differ", &OracleCounts::suspects},
    {"S14 looks at members that another agent knows to differ", &OracleCounts::suspects_told},
    {"S15 looks at replicas that say they are ready", &OracleCounts::ready},
    {"S22 observations of others", &OracleCounts::observations},
    {"L4 looks at CORRUPT alarms", &OracleCounts::accused},
    {"L4 looks at etcds that no agent can connect to", &OracleCounts::unheard},
    {"L4 looks at volumes that are not what their member ran on", &OracleCounts::amnesiacs},
    {"L4 looks at learners that are stuck", &OracleCounts::stuck},
    {"L6 scalings that nothing disturbed", &OracleCounts::scalings},
    {"L8 looks at healthy members without the store", &OracleCounts::outages},
    {"L11 commands that ended", &OracleCounts::ended},
    {"L11 looks at agents in the middle of something", &OracleCounts::unfinished},
    {"faults: volumes that came back changed", &OracleCounts::returned},
    {"faults: links cut", &OracleCounts::cuts},
};

inline void add(OracleCounts& to, const OracleCounts& more) {
    for (const OracleCounter& counter : oracle_counters)
        to.*counter.place += more.*counter.place;
}

inline std::string name(std::uint8_t o) { return "replica " + std::to_string(int{o}); }

class Findings : private PartOfWorld {
  public:
    explicit Findings(World& world) : PartOfWorld(world) {}

    void report(const char* id, std::string what);
    const std::vector<Violation>& found() const { return found_; }
    Instant found_at() const { return found_at_; }  // of the first

    OracleCounts counts;

  private:
    std::vector<Violation> found_;
    Instant found_at_;
};

}  // namespace quorate::sim
