// The simulated etcd cluster: one process per replica running raft on its volume. No safety of raft
// is built in: it follows from volumes that keep what was written to them, and is lost when they do
// not, as measured on real members (simulator.md 3.3, etcd-measured.md 1.3). Membership is
// changed by the rules of etcd facts 6.1 to 6.3, asked of the member that got the call.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model/child.hpp"
#include "core/model/command.hpp"
#include "core/model/members.hpp"
#include "core/model/outcome.hpp"
#include "sim/faults/catalogue.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/world/disk.hpp"
#include "sim/world/network.hpp"

namespace quorate::sim {

struct View {  // of one member, by a member that applied it
    MemberId id;
    std::uint8_t ordinal = 0;
    bool learner = false;
    bool started = false;
    std::uint8_t name = 0;  // whose it told, once started: not its own after a volume was cloned
};

// What a process was told by flags, beside its place in the cluster. No check runs unasked.
struct EtcdFlags {
    bool strict = true;  // --strict-reconfig-check
    bool initial_check = false;
    Span corrupt_check;                // 0: never
    Span compact_check;                // 0: never
    std::uint64_t snapshot_count = 0;  // 0: what the release has
    std::uint64_t quota_mib = 0;       // 0: it raises no alarm by itself
};

struct Progress {
    MemberId id;
    std::uint64_t match = 0;
    std::uint64_t next = 1;
    Instant heard;
};

enum class Role : std::uint8_t { follower, candidate, leader };
enum class Life : std::uint8_t { down, booting, up };

struct Process {
    Life life = Life::down;
    bool frozen = false;  // stopped like SIGSTOP stops: alive, and answers nothing
    std::uint64_t incarnation = 0;
    Version version;
    Instant up_since;
    Instant versions_at;  // as leader: when it last asked for everybody's version
    StartEtcd start;
    EtcdFlags flags;

    Role role = Role::follower;
    MemberId leader;
    std::uint32_t elapsed = 0;  // ticks since anything was heard of a leader
    std::uint32_t timeout = 10;
    Instant published_at;  // when it last asked for its name to be published
    bool ready = false;    // its name is: only now its client port is served [ReadyNotify]
    std::vector<MemberId> votes;
    std::vector<Progress> progress;
    std::uint64_t pending_conf = 0;
    bool established = false;  // as leader: committed in its own term

    std::uint64_t applied = 0;
    std::uint64_t read_up_to = 0;  // what linearizable reads through it have waited for
    std::vector<View> conf;
    std::vector<MemberId> removed;
    std::vector<MemberId> accused;   // CORRUPT alarms; nothing is written while there is one
    std::vector<MemberId> short_of;  // NOSPACE alarms; likewise
    std::uint64_t freeable_mib = 0;  // what a compaction would free
    std::uint64_t stored_mib = 0;
    std::vector<std::uint64_t> hashes;  // after each applied write
    std::vector<bool> has;              // by number of the write
    std::uint64_t compacted = 0;        // the revision of the last compaction
    std::uint64_t compact_checked = 0;  // the one that was compared last
    Instant corrupt_checked_at;
    Instant compact_checked_at;

    Instant busy_until;  // its database is being written anew
    bool busy = false;

    bool up() const { return life == Life::up && !frozen; }
    bool answers() const { return up() && ready && !busy; }  // on its client port
};

// What each etcd of a replica meets there, beside its volume (simulator.md 3.4, P4, P5, P9, R10).
struct Surroundings {
    bool port_taken = false;
    bool no_files = false;  // no process can be started
    Span lives_at_most;     // 0: as long as it likes
    ExitClass ends_as = ExitClass::unknown;
    std::uint32_t applies = 0;  // entries a tick; 0: what is committed is applied
    Span defrag_takes;          // it answers nobody meanwhile, and applies nothing
    bool operator==(const Surroundings&) const = default;
};

// What the cluster tells the world.
class EtcdWatcher {
  public:
    virtual ~EtcdWatcher() = default;
    virtual void suffered(Fault) {}  // it changed what an etcd did
    virtual void starting(std::uint8_t ordinal, const EtcdData& data) = 0;
    virtual void founding(std::uint8_t ordinal, const EtcdData& data) = 0;
    virtual void exited(std::uint8_t ordinal, ExitClass why) = 0;
    virtual void applied(std::uint8_t ordinal, const LogEntry& entry, bool accepted) = 0;
    virtual void established(std::uint8_t ordinal) = 0;
    virtual void removal_asked(std::uint8_t leader, MemberId target) = 0;
    virtual void promotion_asked(std::uint8_t leader, MemberId target) = 0;
};

// What a cluster stands on: it stays as it is when the cluster is assigned another.
class Footing {
  protected:
    Footing(Kernel& kernel, Network& network, std::array<Volume, Network::size>& volumes,
            EtcdWatcher& watcher)
        : kernel_(kernel), network_(network), volumes_(volumes), watcher_(watcher) {}
    Footing(const Footing&) = delete;
    Footing& operator=(const Footing&) { return *this; }

    Kernel& kernel_;
    Network& network_;
    std::array<Volume, Network::size>& volumes_;
    EtcdWatcher& watcher_;
};

class Cluster : private Footing {
  public:
    static constexpr std::size_t size = Network::size;

    Cluster(Kernel& kernel, Network& network, std::array<Volume, Network::size>& volumes,
            EtcdWatcher& watcher, Version version);

    const Process& process(std::uint8_t ordinal) const { return processes_[ordinal]; }
    const EtcdData* data(std::uint8_t ordinal) const {
        return volumes_[ordinal].data ? &*volumes_[ordinal].data : nullptr;
    }
    static std::string peer_url(std::uint8_t ordinal);
    static std::optional<std::uint8_t> ordinal_of(const std::string& url);

    // The program that lies beside each volume; what runs there keeps running.
    void install(std::uint8_t ordinal, Version version) { binaries_[ordinal] = version; }
    Version binary(std::uint8_t ordinal) const { return binaries_[ordinal]; }
    // etcdctl downgrade enable: the leader lowers what was agreed on. No: it is not one lower.
    bool enable_downgrade(Version to);

    // The life of a process.
    void start(std::uint8_t ordinal, const StartEtcd& how, const EtcdFlags& flags = {}) {
        start(ordinal, how, flags, binary(ordinal));
    }
    void start(std::uint8_t ordinal, const StartEtcd& how, const EtcdFlags& flags, Version version);
    void stop(std::uint8_t ordinal);                // SIGTERM
    void end(std::uint8_t ordinal, ExitClass why);  // at once
    void freeze(std::uint8_t ordinal, bool frozen);
    // Every start there takes so much longer.
    void slow_start(std::uint8_t ordinal, Span more) { slow_[ordinal] = more; }
    const Medium& medium(std::uint8_t ordinal) const { return media_[ordinal]; }
    void set_medium(std::uint8_t ordinal, const Medium& medium) {
        wake();
        media_[ordinal] = medium;
    }
    const Surroundings& surroundings(std::uint8_t ordinal) const { return surroundings_[ordinal]; }
    void surround(std::uint8_t ordinal, const Surroundings& by);
    // Nobody without a password reads any more; who changes members needs none [v3rpc/member.go].
    bool asks_for_passwords() const { return auth_; }
    void ask_for_passwords(bool auth) {
        if (auth != auth_) touch();  // who served does not, or does again
        auth_ = auth;
    }
    // Replaces the data by a single member that keeps what this log holds.
    bool rebuild(std::uint8_t ordinal, const RebuildEtcd& how);

    // Client ports. `uid` names the request; its end is told by EtcdWatcher::applied at `via`.
    MemberStatus status(std::uint8_t ordinal) const;
    std::optional<MemberList> members(std::uint8_t ordinal, Freshness freshness) const;
    bool put(std::uint8_t via, std::uint64_t write, std::uint64_t uid);
    std::optional<Refused> add_learner(std::uint8_t via, std::uint8_t ordinal, std::uint64_t uid) {
        return add(via, ordinal, EntryKind::add_learner, uid);
    }
    std::optional<Refused> add(std::uint8_t via, std::uint8_t ordinal, EntryKind as,
                               std::uint64_t uid);
    std::optional<Refused> promote(std::uint8_t via, MemberId id, std::uint64_t uid);
    std::optional<Refused> remove(std::uint8_t via, MemberId id, std::uint64_t uid);
    std::optional<Refused> move_leader(std::uint8_t via, MemberId to);
    // An alarm for `id`, raised or disarmed; no: this member takes nothing.
    bool alarm(std::uint8_t via, EntryKind kind, MemberId id, std::uint64_t uid);
    // What fills and frees the database; no: this member takes nothing.
    bool resize(std::uint8_t via, EntryKind kind, std::uint64_t mib, std::uint64_t uid);
    // Past its own quota a member takes no write and raises the alarm for itself.
    std::optional<Refused> over_quota(std::uint8_t via, std::uint64_t mib);
    bool defragment(std::uint8_t ordinal);
    // Value bytes change behind the member's back: what it answers is not what was written.
    void change_content(std::uint8_t ordinal);
    void damage(std::uint8_t ordinal, Damage kind);  // of one that does not run
    std::optional<ContentHash> hash_at(std::uint8_t ordinal, Revision revision) const;
    Revision revision(std::uint8_t ordinal) const;

    // What an omniscient eye sees.
    bool serves(std::uint8_t ordinal) const;  // a linearizable read succeeds now
    void stop_defragmenting(std::uint8_t ordinal);
    void reset(std::uint8_t ordinal);                   // all its connections, at this instant
    void read_through(std::uint8_t ordinal);            // one has, or is about to
    std::optional<std::uint8_t> able_leader() const;    // the first that can commit now
    std::size_t group_size(std::uint8_t leader) const;  // voters that follow it
    bool able(std::uint8_t leader) const;
    // Changes whenever who can commit may have changed.
    std::uint64_t topology() const { return topology_; }
    void touch() { ++topology_; }

    void happen(const Happening& what);

    // Off: each heartbeat is an event of its own. A life is the same either way.
    void set_leaps(bool leaps) { leaps_ = leaps; }
    // Before anything that a heartbeat on its way could meet changes from outside.
    void wake();

  private:
    enum class Say : std::uint8_t {
        append,
        append_reply,
        heartbeat,
        heartbeat_reply,
        vote,
        vote_reply,
        timeout_now,
        propose,
    };
    struct Message {
        Say say = Say::append;
        bool reject = false;
        bool forced = false;  // a transfer of leadership: nobody waits for the old leader
        std::uint8_t from = 0;
        std::uint8_t to = 0;
        MemberId from_id;
        MemberId to_id;
        ClusterId cluster;
        std::uint64_t term = 0;
        std::uint64_t index = 0;
        std::uint64_t log_term = 0;
        std::uint64_t commit = 0;
        std::vector<LogEntry> entries;
    };

    Process& at(std::uint8_t ordinal) { return processes_[ordinal]; }
    EtcdData& disk(std::uint8_t ordinal) { return *volumes_[ordinal].data; }
    static const View* find(const Process& process, MemberId id);
    static std::size_t voters(const Process& process);

    // raft.cpp
    void tick(std::uint8_t o);
    void campaign(std::uint8_t o, bool forced);
    void become_follower(std::uint8_t o, std::uint64_t term, MemberId leader);
    void become_leader(std::uint8_t o);
    void reset_timeout(std::uint8_t o);
    void propose(std::uint8_t o, LogEntry entry);
    void lead_append(std::uint8_t o, LogEntry entry);
    void send_append(std::uint8_t o, Progress& to);
    void send(std::uint8_t from, MemberId to, Message message);
    void post(std::uint8_t from, Message message);
    void deliver(Message message, const Turn& when);
    Span usual_delay(std::uint8_t from);
    void receive(Message& message);
    void on_append(const Message& m);
    void on_append_reply(const Message& m);
    void on_heartbeat(const Message& m);
    void on_heartbeat_reply(const Message& m);
    void on_vote(const Message& m);
    void on_vote_reply(const Message& m);
    void advance_commit(std::uint8_t o);
    void commit_to(std::uint8_t o, std::uint64_t index);
    void apply(std::uint8_t o);
    void apply_entries(std::uint8_t o, std::uint64_t most);
    bool can_write(std::uint8_t o);
    ExitClass end_of_removed(std::uint8_t o);
    void take_write(std::uint8_t o, std::uint64_t write);
    bool apply_one(std::uint8_t o, const LogEntry& entry);
    void publish(std::uint8_t o);

    // beats.cpp
    bool is_calm(std::uint8_t leader, const Progress& progress);
    void beat(std::uint8_t leader, const Progress& progress);
    void settle_beats();
    void wake(std::uint8_t o);

    // versions.cpp
    void agree_on_version(std::uint8_t o);
    std::optional<Version> oldest_version(std::uint8_t leader) const;
    void note_in_db(std::uint8_t o, const LogEntry& entry, bool accepted);
    bool may_run(std::uint8_t o) const;
    // checks.cpp
    std::optional<ExitClass> cannot_open(std::uint8_t o);
    std::optional<ExitClass> cannot_begin(std::uint8_t o);
    bool passes_initial_check(std::uint8_t o) const;
    void check_content(std::uint8_t o);
    void compare_followers(std::uint8_t o);
    void compare_compacted(std::uint8_t o);
    void accuse(std::uint8_t o, MemberId id);
    bool snapshot_due(std::uint8_t o) const;

    // cluster.cpp
    void boot(std::uint8_t o);
    bool found(std::uint8_t o);
    bool join(std::uint8_t o);
    void come_up(std::uint8_t o);
    void exit_after(std::uint8_t o, Span wait, ExitClass why);
    bool runs_as(std::uint8_t o, MemberId id, ClusterId cluster) const;
    std::uint8_t address_of(std::uint8_t from, const View& view);
    bool connected(std::uint8_t a, std::uint8_t b, Span least) const;
    std::size_t connected_voters(std::uint8_t o, Span least) const;
    std::optional<std::uint8_t> leader_of(std::uint8_t o) const;

    std::array<Version, Network::size> binaries_;
    std::optional<Version> downgrade_;
    std::array<Process, Network::size> processes_;
    std::array<Span, Network::size> slow_{};
    std::array<Medium, Network::size> media_{};
    std::array<Surroundings, Network::size> surroundings_{};
    bool auth_ = false;
    std::vector<Message> messages_;
    std::vector<std::uint32_t> free_;
    // Which of several processes with one id hears a member, and until when.
    struct Route {
        std::uint8_t from = 0;
        MemberId id;
        std::uint8_t to = 0;
        Instant until;
    };
    std::vector<Route> routes_;
    std::uint64_t topology_ = 0;
    struct Beat {
        std::uint8_t from = 0;
        std::uint8_t to = 0;
        std::uint64_t commit = 0;
        Turn arrives;
        std::optional<Turn> answered;  // when the answer arrives, once the heartbeat has
    };
    std::vector<Beat> beats_;  // on their way
    bool leaps_ = true;
    std::vector<std::uint64_t> matches_;  // of advance_commit, kept for its memory
};

}  // namespace quorate::sim
