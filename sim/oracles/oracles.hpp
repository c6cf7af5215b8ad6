// What must hold in every life, judged by an eye that sees everything (simulator.md 3.5, 3.6).
// Losses by faults are known here: they alone excuse what they make impossible. Subjects that need
// nothing of that have classes of their own.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "sim/oracles/contents.hpp"
#include "sim/oracles/detection.hpp"
#include "sim/oracles/findings.hpp"
#include "sim/oracles/identities.hpp"
#include "sim/oracles/intents.hpp"
#include "sim/oracles/knowledge.hpp"
#include "sim/oracles/peace.hpp"
#include "sim/world/cluster.hpp"
#include "sim/world/parts.hpp"

namespace quorate::sim {

class Oracles : private PartOfWorld {
  public:
    explicit Oracles(World& world)
        : PartOfWorld(world),
          findings_(world),
          identities_(world, findings_),
          contents_(world, findings_),
          knowledge_(world, findings_),
          detection_(world, findings_),
          peace_(world, findings_),
          intents_(world, findings_) {}

    const std::vector<Violation>& found() const { return findings_.found(); }
    Instant found_at() const { return findings_.found_at(); }  // of the first
    const OracleCounts& counts() const { return findings_.counts; }

    // Told by the world.
    void removal_asked(std::uint8_t leader, MemberId target);
    void promotion_asked(std::uint8_t leader, MemberId target);
    void founding(std::uint8_t o, const EtcdData& data);
    void starting(std::uint8_t o, const EtcdData& data);
    void listed(std::uint8_t o) { identities_.listed(o); }
    void told(std::uint8_t agent, const Observation& observation);
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
    void rotting(std::uint8_t o);      // it changes under the one that runs on it, who cannot know
    void rebuilt(std::uint8_t o);
    void journal_lost(std::uint8_t o) { last_command_[o] = {}; }  // and with it what was numbered
    void defragmenting(std::uint8_t o);
    void disarming_nospace();
    void refold(Journal& journal, std::size_t kept);
    void record_changed();  // by a fault: lost, or older
    void recorded(const ClusterRecord& record) { identities_.recorded(record); }
    void accept_loss(Ordinal survivor);  // an operator's token
    void after_event();
    void audit();
    void finish();  // S4 of the last leader, S17

    // This volume is not what its member last ran on, and something outside of it tells so.
    bool is_amnesiac(std::uint8_t o) const;
    bool has_lost(std::uint8_t o) const { return lost_[o]; }
    Instant served_at(std::uint8_t o) const { return served_at_[o]; }
    Instant leads_since(std::uint8_t o) const { return leads_since_[o]; }
    // With what is left, could the last cluster go on by itself? (L1 or L7.)
    bool recoverable() const;
    // A cluster was founded beside another, and nobody could have known.
    bool founded_unheard_of() const { return findings_.counts.unheard_of > 0; }
    // Voters that serve hold different content, and too few of them the right one to say so.
    bool content_is_undecidable() const;
    bool lost(std::uint8_t o) const { return lost_[o]; }  // its history, to a fault
    std::string voters_text() const;                      // "0 1 (2 lost)"
    std::uint64_t writes_acknowledged() const { return findings_.counts.acknowledged; }

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
    // S21, for policies whose minutes are seconds: twice what 4,000 lives ever needed (240 and 21).
    static constexpr std::uint64_t commands_per_minute = 480;
    static constexpr std::uint64_t starts_per_minute = 42;

    void report(const char* id, std::string what) { findings_.report(id, std::move(what)); }
    void stamping(std::uint8_t o, const StampVolume& stamp);
    void setting_aside(std::uint8_t o);
    void writing(std::uint8_t agent, const WriteRecord& write);
    void rebuilding(std::uint8_t o, const RebuildEtcd& how);
    void check_evidence_of_loss(std::uint8_t agent, const View& target);
    void check_succession(std::uint8_t leader, MemberId target);
    bool scaled_lately() const;
    bool somebody_served_just_now() const;
    bool lives(std::uint8_t o) const;
    bool in_reach(std::uint8_t voter) const;
    bool content_decidable() const;
    bool agree(std::uint8_t a, std::uint8_t b) const;
    void check_version(std::uint8_t o, const EtcdData& data);
    void check_floor(std::uint8_t o, const EtcdData& data);
    bool remembers(std::uint8_t peer, std::uint8_t o, MemberId id, LogPosition last) const;
    bool somebody_remembers(std::uint8_t o, MemberId id, LogPosition last) const;
    void note_what_can_tell(std::uint8_t o);
    bool knows_a_cluster(std::uint8_t o) const;
    bool founded(ClusterId cluster) const;
    void naming_founders(std::uint8_t by);
    bool nobody_can_tell(std::uint8_t o, const EtcdData& data) const;
    void excuse_start(std::uint8_t o, const EtcdData& data);
    void note_voters(std::uint8_t leader);
    void note_service(std::uint8_t o);
    void check_content(std::uint8_t leader);
    void forgive_all();
    void forgive_all_but(const EtcdData& data);

    Findings findings_;
    Identities identities_;
    Contents contents_;
    Knowledge knowledge_;
    Detection detection_;
    Peace peace_;
    Intents intents_;
    std::map<std::uint64_t, Ran> ran_;  // by member id
    std::vector<ClusterId> clusters_;   // that were founded, ever
    bool record_was_changed_ = false;   // by a fault
    bool nobody_knew_ = false;          // of a cluster, when founders were named last
    std::vector<bool> owed_;            // by write: acknowledged and not forgiven
    std::vector<ClusterId> promised_;   // by write: who acknowledged it
    std::vector<bool> saved_;           // ... also by the loss of a majority: S6 of who is left
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
