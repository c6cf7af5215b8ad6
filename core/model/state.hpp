// All that one agent's core knows and is doing. A value: copied, compared, hashed, replayed. Its
// only way forward is core::step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/ids.hpp"
#include "core/base/instant.hpp"
#include "core/base/small_map.hpp"
#include "core/model/child.hpp"
#include "core/model/command.hpp"
#include "core/model/observation.hpp"
#include "core/model/peer.hpp"
#include "core/model/policy.hpp"
#include "core/model/record.hpp"

namespace quorate {

// What is known of one replica from outside it.
struct ProbeFact {
    MemberStatus status;
    Instant at;
    Instant quiet_since;    // since when it is not healthy; meaningless while it is
    Instant healthy_since;  // the reverse
    bool operator==(const ProbeFact&) const = default;
};

// The highest commit that any member of an epoch told this agent.
struct CommitSeen {
    Epoch epoch;
    LogIndex index;
    bool operator==(const CommitSeen&) const = default;
};

// What the last comparison of all voters' hashes said.
enum class HashVerdict : std::uint8_t {
    none,  // none was made, or they could not be compared
    equal,
    minority,   // a majority says who is wrong: Facts::diverged
    undecided,  // they differ and nobody can say who is right
};
struct HashJudgement {
    HashVerdict verdict = HashVerdict::none;
    std::uint32_t answered = 0;
    Instant at;
    bool operator==(const HashJudgement&) const = default;
};

// Learners that held other content than the leader at one revision, one after another: what the
// leader serves is then not what its log says (etcd-measured.md 4), and waiting brings no other.
struct LearnersDiffered {
    MemberId last;
    std::uint32_t count = 0;
    bool operator==(const LearnersDiffered&) const = default;
};

// What one other agent told, the highest of each identity. It is that agent's word: about its own
// replica first-hand, about the others remembered. Kept over lives of this agent.
struct PeerFact {
    PeerReport report;  // of its content the last that was told: later reports may tell none
    Instant at;
    Instant content_at;           // when that was told last
    Instant content_compared_at;  // when it was found, by the clock here
    bool operator==(const PeerFact&) const = default;
};

// Folded knowledge, with its source in the name and its age beside it.
struct Facts {
    Settings settings;
    Instant started_at;
    std::uint64_t entropy = 0;
    Lineage fresh_lineage;

    std::optional<Desired> desired;
    bool record_known = false;  // seen at least once in this life
    std::optional<ClusterRecord> record;
    std::string record_unreadable;

    Instant examined_at;
    std::optional<DiskReport> disk;  // nullopt: not examined since etcd last ran or data moved
    bool etcd_running = false;
    std::int32_t etcd_pid = 0;
    std::optional<ChildExit> last_exit;
    std::uint32_t exits = 0;  // of etcd, in this life of the agent
    Nonce stamped;            // last nonce known to be durable on the volume
    Epoch rebuilt;            // last epoch this disk was rebuilt for, in this life

    SmallMap<Ordinal, ProbeFact> probes;
    std::optional<Instant> none_serves_since;  // nullopt while some member serves
    std::optional<MemberList> list;            // linearizable only
    bool list_current = false;                 // nothing was asked to change since it was read
    Instant list_at;
    std::optional<MemberList> own_list;  // as this replica's etcd knows it: a hint, no evidence

    std::optional<ContentCompared> content;  // the last comparison of a learner with the leader
    Instant content_at;
    SmallMap<MemberId, std::string> diverged;  // content lost to a majority; not empty: but why not
    Instant hashes_at;                         // when voters were last compared

    bool stop_requested = false;
    std::optional<std::string> approved_token;
    std::string unknown_event;    // not empty: why this agent decides nothing beyond its replica
    CommitSeen commit_seen;       // its clients may have seen it too (S8)
    HashJudgement judged;         // forgotten whenever members change
    bool desired_unread = false;  // asked to stop, and what is desired since then is not known yet
    Instant list_refused_at;      // when a list was last asked for in vain
    Instant slept_at;             // when a timer last came much too late
    Revision compacted;           // as this agent last saw it done
    LearnersDiffered learners_differed;
    SmallMap<Ordinal, PeerFact> peers;
    Instant peers_asked_at;   // in this life; zero: not asked
    Instant rebuild_seen_at;  // when this life first saw the record's order; zero: there is none
    std::optional<ClusterRecord> record_before;  // the newest of earlier lives, until one as new is
    // What the store shows where this agent knows a newer record; 0: none. Late news, or the store
    // went back (A12) or lost it (S18).
    std::optional<RecordRevision> record_there;
    Instant record_behind_at;  // since when
    // Whom the last comparison of voters was about. Kept only where other agents are told.
    std::vector<MemberId> compared;
    // Whom an earlier one doubted and the last did not reach: it says nothing of them.
    std::vector<MemberId> still_doubted;
    bool operator==(const Facts&) const = default;
};

enum class ReplicaPhase : std::uint8_t {
    examining,           // reading the disk, comparing it with the record
    gathering,           // no cluster yet: every replica tells what its volume holds
    claiming,            // the volume gets its next nonce (machine `volume`)
    serving,             // etcd is wanted
    setting_aside,       // moving data out of the way
    awaiting_admission,  // asked to be added as a learner
    rebuilding,          // chosen survivor of a forced rebuild
    idle,                // not wanted, or paused
    leaving,             // the agent is on its way out
    parked,
};
struct ReplicaState {
    ReplicaPhase phase = ReplicaPhase::examining;
    Instant retry_at;              // no command is repeated before
    Instant told_at;               // when the own entry was last written
    std::uint32_t exits_seen = 0;  // of facts.exits: an exit is answered once
    bool condemned = false;        // etcd itself said that this data cannot go on
    std::string reason;            // why data is set aside, admission asked, or the replica parked
    std::string next_step;         // for the operator, while parked
    bool operator==(const ReplicaState&) const = default;
};

// The two-step nonce of one start: announced in the record, stamped on the volume, confirmed in the
// record. A crash between any two is told apart from a rolled-back disk.
enum class VolumePhase : std::uint8_t { open, announcing, stamping, confirming, claimed };
struct VolumeState {
    VolumePhase phase = VolumePhase::open;
    Nonce nonce;               // of the start in hand
    std::uint64_t nonces = 0;  // how many were drawn from entropy
    Instant retry_at;
    bool operator==(const VolumeState&) const = default;
};

enum class ProcessPhase : std::uint8_t { stopped, starting, serving, draining, backing_off };
struct ProcessState {
    ProcessPhase phase = ProcessPhase::stopped;
    std::uint32_t failures = 0;  // exits in a row without having served
    Instant retry_at;
    bool operator==(const ProcessState&) const = default;
};

enum class MemberPhase : std::uint8_t {
    unknown,   // listed, not probed yet
    joining,   // a learner that has not started
    learning,  // a learner that answers
    voting,    // a voter that serves
    suspect,   // a voter that is quiet for less than the limit
    failed,    // quiet beyond the limit, or its volume or content is lost
};
struct MemberState {
    MemberPhase phase = MemberPhase::unknown;
    Ordinal ordinal;
    Instant since;
    bool operator==(const MemberState&) const = default;
};

enum class ClusterPhase : std::uint8_t {
    following,  // another agent has authority, or none has
    steady,     // holding authority, nothing to do
    growing,
    shrinking,
    repairing,
    quorum_lost,  // better survivors may still return
    rebuilding,   // an approved rebuild is under way
    parked,
};
struct ClusterState {
    ClusterPhase phase = ClusterPhase::following;
    Instant since;
    std::string reason;
    std::string next_step;
    Instant retry_at;  // the record is not written again before
    bool operator==(const ClusterState&) const = default;
};

enum class RepairPhase : std::uint8_t {
    idle,
    fencing,  // leadership is moved off the one that goes
    removing,
    wiping,  // the record expels the identity; its agent sets the data aside
    adding,
    admitting,  // the record tells the joiner how to start
    catching_up,
    promoting,
    verifying,
};
struct RepairState {
    RepairPhase phase = RepairPhase::idle;
    Ordinal ordinal;
    MemberId member_id;
    Instant since;     // of this phase
    Instant progress;  // of the learner: when its revision last moved
    Revision reached;
    Instant retry_at;
    Revision goal;        // the leader's when the learner was first compared: it must get there
    LogIndex goal_index;  // whoever applied this has everything that led to the goal
    bool operator==(const RepairState&) const = default;
};

enum class AuthorityPhase : std::uint8_t { without, acquiring, holding, releasing };
struct AuthorityState {
    AuthorityPhase phase = AuthorityPhase::without;
    Fence fence;
    std::optional<Instant> work_since;  // how long there has been something to do
    Instant retry_at;
    bool operator==(const AuthorityState&) const = default;
};

// The CORRUPT alarm (or the doubt that should have raised it).
enum class AlarmPhase : std::uint8_t { clear, raised, disarming, parked };
struct AlarmState {
    AlarmPhase phase = AlarmPhase::clear;
    Instant since;  // of this phase
    Instant retry_at;
    std::string reason;  // while parked
    std::string next_step;
    bool operator==(const AlarmState&) const = default;
};

// The NOSPACE alarm.
enum class SpacePhase : std::uint8_t {
    enough,
    wanting,  // an alarm stands; whoever has authority compacts
    compacting,
    defragmenting,
    disarming,
    parked,
};
struct SpaceState {
    SpacePhase phase = SpacePhase::enough;
    Instant since;  // of this phase
    Instant retry_at;
    Revision compacting_at;                   // what was asked for last
    std::uint32_t compactions = 0;            // done for this alarm; each leaves less
    SmallMap<Ordinal, Instant> defragmented;  // since the last compaction, and when
    std::string reason;                       // while parked
    std::string next_step;
    bool operator==(const SpaceState&) const = default;
};

struct State {
    EventSeq seq;  // of the last event
    Instant now;   // the same
    Facts facts;
    ReplicaState replica;
    VolumeState volume;
    ProcessState process;
    SmallMap<MemberId, MemberState> members;
    ClusterState cluster;
    RepairState repair;
    AuthorityState authority;
    CommandId last_command;
    SmallMap<CommandId, Command> in_flight;
    std::vector<Ordinal> probed;     // the set last asked of the prober
    std::optional<Instant> wake_at;  // the timer last armed
    bool exiting = false;            // ExitAgent was said
    AlarmState alarm;
    SpaceState space;
    bool operator==(const State&) const = default;
};

}  // namespace quorate
