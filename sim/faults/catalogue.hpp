// The faults of the simulator, one row each (simulator.md 3.4): its id there, its family and class,
// how a scenario writes it, how long it may last, and what it may excuse (axiom A6). A fault that
// is not in this table can neither be drawn, nor written, nor ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/instant.hpp"

namespace quorate::sim {

enum class Fault : std::uint8_t {
    kill_etcd,
    kill_agent,
    crash,
    freeze,
    pause_agent,
    hang_etcd,
    slow_start,
    delete_pod,
    hold,
    scale,
    policy,
    cut_store,
    api_outage,
    stale_watch,
    conflicts,
    lose_answers,
    steal_lease,
    partition,
    one_way,
    loss,
    delay,
    duplicate,
    save,
    roll_back,
    lose_tail,
    wipe,
    swap,
    clone,
    change,
    fill,
    jump,
    move_leader,
    remove_by_hand,
    add_by_hand,
    accuse,
    lose_journal,
    tear_journal,
    swap_journals,
    approve,
    record_back,
    lose_record,
    unnamed,
    no_names,
    disarm_by_hand,
    lose_answer,
    lose_request,
    upgrade,
    drop_watch,
    watch_gone,
    stale_cache,
    fail_over,
    api_busy,
    batched,
    repeated,
    forbidden,
    delete_claim,
    strip_claim,
    stuck_claim,
    unbound,
    multi_attach,
    retention,
    force_delete,
    drain,
    zone_loss,
    orphan_set,
    rollout,
    no_image,
    readiness,
    stale_name,
    failing_names,
    slow_names,
    disk_errors,
    sync_fails,
    tear_log,
    flip_log,
    misdirect,
    cut_db,
    lose_log,
    lose_db,
    lose_snapshots,
    full_disk,
    slow_disk,
    read_only,
    lose_rename,
    store,
    wall_ahead,
    wall_back,
    stop_clock,
    jump_all,
    stop_agent,
    out_of_memory,
    crash_loop,
    wrong_binary,
    port_taken,
    no_files,
    leftover,
    bandwidth,
    blackhole,
    slow_apply,
    auth,
    flip_journal,
    full_journal,
    tell_twice,
    wipe_most,
    pause_all,
    clock_fast,
    clock_slow,
    swizzle,
    reset,
    half_open,
    expired,
    slow_defrag,
    future_event,
    quota,
    count_,
};
inline constexpr auto faults_count = static_cast<std::size_t>(Fault::count_);

enum class Family : std::uint8_t { network, disk, clock, process, host, etcd, journal, person };
inline constexpr std::size_t families = 8;
const char* name_of(Family family);

// transient: over when it ends. data_loss: what it took stays away. operator_step: somebody wanted
// it.
enum class FaultClass : std::uint8_t { transient, data_loss, operator_step };

// What follows the verb: which replicas, a number, a release, where a crash falls, or groups of
// replicas.
enum class Shape : std::uint8_t {
    none,
    replica,
    two,
    number,
    replica_number,
    replica_release,
    crash,
    groups
};

struct FaultKind {
    Fault fault = Fault::count_;
    const char* id = "";    // in simulator.md 3.4
    const char* verb = "";  // in a scenario; two words at most
    Family family = Family::process;
    FaultClass fault_class = FaultClass::transient;
    Shape shape = Shape::none;
    Span lasts_most;          // 0: it is over at once
    std::uint32_t least = 0;  // of its number
    std::uint32_t most = 0;
    const char* excuses = "";  // the properties it may excuse, by id; empty: none
};
const FaultKind& kind_of(Fault fault);

// The rows of simulator.md 3.4 that are no fault of their own here: what befalls a life all the same.
struct MetBy {
    const char* id = "";
    const char* by = "";
};
const std::vector<MetBy>& met_otherwise();

// Not drawn: what befalls the very command it waits for and is nothing without one, and an upgrade,
// whose order is a person's business.
bool is_drawn(Fault fault);

// Where a crash falls, as its episode's number says: point and the command that it waits for.
inline constexpr std::uint32_t crash_points = 3;
const char* crash_point_name(std::uint32_t number);
const char* crash_command(std::uint32_t number);  // empty: whatever comes next
std::uint32_t crash_commands();

// What the number of an episode says where it names a release, and the reverse.
Version release_of(std::uint32_t number);
std::uint32_t number_of(Version release);

// Where beside its command a fault falls (3.4, E12). Nothing passes between commit and release, so
// only what stops the agent differs there. in_flight: a change of the cluster that raft has not
// applied yet. after_effect: done, or refused, and nobody was told.
enum class Edge : std::uint8_t {
    after_release,
    before_commit,
    after_commit,
    in_flight,
    after_effect
};
inline constexpr std::size_t edges = 5;
const char* name_of(Edge edge);
std::optional<Edge> parse_edge(const std::string& word);

// One fault of one life. Total: one that does not apply where it falls does nothing.
struct Episode {
    Fault fault = Fault::kill_etcd;
    std::uint8_t one = 0;  // replica
    std::uint8_t other = 0;
    std::uint16_t left = 0;  // of groups: a bit for each replica of a side
    std::uint16_t right = 0;
    std::uint32_t number = 0;
    Span at;                    // since the world began
    Span lasts;                 // 0: until the faults end, where it lasts at all
    std::uint32_t command = 0;  // not 0: not at a time, but at this command, counting all released
    Edge edge = Edge::after_release;  // of that command
    bool operator==(const Episode&) const = default;
};

// "partition 0 | 1 2 for 10s", without the time it falls at.
std::string text_of(const Episode& episode);

// The reverse; nullopt: there is no such fault, or its arguments are wrong.
std::optional<Episode> parse_episode(const std::vector<std::string>& words);

// "250ms", "20s", "3m", "1500us".
std::optional<Span> parse_span(const std::string& word);
std::string text_of(Span span);  // the shortest of these that is exact

// "wipe,network,N5": verbs (with '-' for a space), families or ids. nullopt: the first that is none
// of these is in `unknown`.
std::optional<std::vector<Fault>> parse_faults(const std::string& list, std::string& unknown);

}  // namespace quorate::sim
