#include "sim/faults/catalogue.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/base/limits.hpp"
#include "core/rules/etcd_versions.hpp"

namespace quorate::sim {
namespace {

using enum Fault;
using enum Family;
using enum FaultClass;

constexpr Span at_once{};
constexpr Span brief = seconds(30);
constexpr Span lasting = seconds(60);

// clang-format off
constexpr FaultKind kinds[] = {
    //fault           id     verb             family   class          shape                  lasts    number      excuses
    {kill_etcd,      "P1",  "kill etcd",     process, transient,     Shape::replica,        at_once, 0, 0,       ""},
    {kill_agent,     "P1",  "kill agent",    process, transient,     Shape::replica,        at_once, 0, 0,       ""},
    {crash,          "E12", "crash",         process, transient,     Shape::crash,          at_once, 0, 65,      ""},
    {freeze,         "K5",  "freeze",        clock,   transient,     Shape::replica,        brief,   0, 0,       ""},
    {pause_agent,    "P3",  "pause agent",   process, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {hang_etcd,      "P6",  "hang etcd",     process, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {slow_start,     "P7",  "slow start",    process, transient,     Shape::replica_number, lasting, 1, 20,      ""},
    {delete_pod,     "S1",  "delete pod",    host,    operator_step, Shape::replica,        at_once, 0, 0,       ""},
    {hold,           "S4",  "hold",          host,    transient,     Shape::replica,        lasting, 0, 0,       ""},
    {scale,          "S11", "scale",         host,    operator_step, Shape::number,         at_once, 0, 7,       "S4 L1"},
    {policy,         "S12", "policy",        host,    operator_step, Shape::number,         at_once, 0, 1,       ""},
    {cut_store,      "N12", "cut-store",     network, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {api_outage,     "A8",  "api outage",    host,    transient,     Shape::none,           lasting, 0, 0,       ""},
    {stale_watch,    "A10", "stale watch",   host,    transient,     Shape::replica_number, lasting, 1, 30,      ""},
    {conflicts,      "A5",  "conflicts",     host,    transient,     Shape::number,         lasting, 5, 60,      ""},
    {lose_answers,   "A6",  "lose-answers",  host,    transient,     Shape::number,         lasting, 1, 30,      ""},
    {steal_lease,    "S17", "steal lease",   host,    transient,     Shape::none,           at_once, 0, 0,       ""},
    {partition,      "N5",  "partition",     network, transient,     Shape::groups,         lasting, 0, 0,       ""},
    {one_way,        "N5",  "one-way",       network, transient,     Shape::two,            lasting, 0, 0,       ""},
    {loss,           "N1",  "loss",          network, transient,     Shape::number,         lasting, 1, 30,      ""},
    {delay,          "N2",  "delay",         network, transient,     Shape::number,         lasting, 5, 400,     ""},
    {duplicate,      "N3",  "duplicate",     network, transient,     Shape::number,         lasting, 1, 50,      ""},
    {save,           "D7",  "save",          disk,    transient,     Shape::replica,        at_once, 0, 0,       ""},
    {roll_back,      "D7",  "rollback",      disk,    data_loss, Shape::replica,     at_once, 0, 0,       "S4 L1"},
    {lose_tail,      "D3",  "lose-tail",     disk,    data_loss, Shape::replica_number, at_once, 1, 40,   "S4 L1"},
    {wipe,           "D8",  "wipe",          disk,    data_loss, Shape::replica,     at_once, 0, 0,       "S4 L1"},
    {Fault::swap,    "D9",  "swap",          disk,    data_loss, Shape::two,         at_once, 0, 0,       "S4 L1"},
    {clone,          "D10", "clone",         disk,    data_loss, Shape::two,         at_once, 0, 0,       "S4 L1"},
    {change,         "D5",  "change",        disk,    data_loss, Shape::replica,     at_once, 0, 0,       "S4 L1"},
    {fill,           "R1",  "fill",          etcd,    transient,     Shape::number,         at_once, 10, 60,     ""},
    {jump,           "K3",  "jump",          clock,   transient,     Shape::replica_number, at_once, 1, 3'600,   ""},
    {move_leader,    "R11", "move leader",   etcd,    transient,     Shape::replica,        at_once, 0, 0,       ""},
    {remove_by_hand, "O6",  "remove member", person,  operator_step, Shape::replica,        at_once, 0, 0,       "S1 S2 L1"},
    {add_by_hand,    "R6",  "add member",    person,  operator_step, Shape::replica,        at_once, 0, 0,       ""},
    {accuse,         "R2",  "accuse",        etcd,    transient,     Shape::replica,        at_once, 0, 0,       ""},
    {lose_journal,   "J1",  "lose journal",  journal, transient,     Shape::replica,        at_once, 0, 0,       ""},
    {tear_journal,   "J2",  "tear journal",  journal, transient,     Shape::replica_number, at_once, 1, 20,      ""},
    {swap_journals,  "J5",  "swap journals", journal, transient,     Shape::two,            at_once, 0, 0,       ""},
    {approve,        "O9",  "approve",       person,  operator_step, Shape::none,           at_once, 0, 0,       "S4"},
    {record_back,    "A12", "record back",   host,    transient,     Shape::number,         at_once, 1, 12,      ""},
    {lose_record,    "S18", "lose record",   host,    transient,     Shape::none,           at_once, 0, 0,       ""},
    {unnamed,        "X1",  "unnamed",       network, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {no_names,       "X4",  "no-names",      network, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {disarm_by_hand, "R1",  "disarm space",  person,  operator_step, Shape::none,           at_once, 0, 0,       ""},
    {lose_answer,    "A6",  "lose answer",   host,    transient,     Shape::none,           at_once, 0, 0,       ""},
    {lose_request,   "A6",  "lose request",  host,    transient,     Shape::none,           at_once, 0, 0,       ""},
    {upgrade,        "O7",  "upgrade",       person,  operator_step, Shape::replica_release, at_once, 30'616, 0, ""},
    // The host's API servers; the first number of "stale cache" and the second of "fail over" are one of them.
    {drop_watch,     "A1",  "drop watch",    host,    transient,     Shape::replica,        at_once, 0, 0,       ""},
    {watch_gone,     "A2",  "watch gone",    host,    transient,     Shape::none,           lasting, 0, 0,       ""},
    {stale_cache,    "A3",  "stale cache",   host,    transient,     Shape::replica_number, lasting, 1, 60,      ""},
    {fail_over,      "A4",  "fail over",     host,    transient,     Shape::two,            at_once, 0, 0,       ""},
    {api_busy,       "A7",  "api busy",      host,    transient,     Shape::number,         lasting, 10, 100,    ""},
    {batched,        "A9",  "batched news",  host,    transient,     Shape::replica_number, lasting, 1, 30,      ""},
    {repeated,       "A10", "repeated news", host,    transient,     Shape::number,         lasting, 5, 60,      ""},
    {forbidden,      "A11", "forbidden",     host,    transient,     Shape::replica,        lasting, 0, 0,       ""},
    // Its claims and pods; "zone loss 0 2" takes the first of two zones, to which replicas go in turn.
    {delete_claim,   "S6",  "delete claim",  host,    data_loss, Shape::replica,     at_once, 0, 0,       "S4 L1"},
    {strip_claim,    "S6",  "strip claim",   host,    data_loss, Shape::replica,     at_once, 0, 0,       "S4 L1"},
    {stuck_claim,    "S7",  "stuck claim",   host,    data_loss, Shape::replica,     lasting, 0, 0,       "S4 L1"},
    {unbound,        "S8",  "unbound claim", host,    transient,     Shape::replica,        lasting, 0, 0,       ""},
    {multi_attach,   "S9",  "multi-attach",  host,    transient,     Shape::replica,        lasting, 0, 0,       ""},
    {retention,      "S13", "retention",     host,    operator_step, Shape::number,         at_once, 0, 1,       "S4 L1"},
    {force_delete,   "S2",  "force delete",  host,    transient,     Shape::replica,        lasting, 0, 0,       ""},
    {drain,          "S3",  "drain",         host,    operator_step, Shape::replica,        lasting, 0, 0,       ""},
    {zone_loss,      "S5",  "zone loss",     host,    transient,     Shape::replica_number, lasting, 2, 3,       ""},
    {orphan_set,     "S10", "orphan set",    host,    operator_step, Shape::none,           lasting, 0, 0,       ""},
    {rollout,        "S14", "rollout",       host,    operator_step, Shape::none,           lasting, 0, 0,       ""},
    {no_image,       "S15", "no image",      host,    transient,     Shape::replica,        lasting, 0, 0,       ""},
    {readiness,      "S16", "readiness",     host,    transient,     Shape::replica_number, lasting, 0, 1,       ""},
    // The DNS, of whoever starts anew.
    {stale_name,     "X2",  "stale name",    network, transient,     Shape::replica_number, lasting, 1, 60,      ""},
    {failing_names,  "X3",  "failing names", network, transient,     Shape::number,         lasting, 5, 80,      ""},
    {slow_names,     "X5",  "slow names",    network, transient,     Shape::number,         lasting, 1, 20,      ""},
    {disk_errors,    "D1",  "disk errors",   disk,    transient,     Shape::replica_number, lasting, 1, 100,     ""},
    {sync_fails,     "D2",  "fail sync",     disk,    transient,     Shape::replica,        at_once, 0, 0,       ""},
    {tear_log,       "D4",  "tear log",      disk,    data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {flip_log,       "D5",  "flip log",      disk,    data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {misdirect,      "D6",  "misdirect",     disk,    data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {cut_db,         "D15", "cut db",        disk,    data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {lose_log,       "D16", "lose log",      disk,    data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {lose_db,        "D16", "lose db",       disk,    data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {lose_snapshots, "D17", "lose snapshots", disk,   data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {full_disk,      "D11", "full disk",     disk,    transient,     Shape::replica,        lasting, 0, 0,       ""},
    {slow_disk,      "D12", "slow disk",     disk,    transient,     Shape::replica_number, lasting, 5, 500,     ""},
    {read_only,      "D13", "read-only",     disk,    transient,     Shape::replica,        lasting, 0, 0,       ""},
    {lose_rename,    "D14", "lose rename",   disk,    data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {store,          "R1",  "store",         etcd,    transient,     Shape::number,         lasting, 30, 120,    ""},
    {wall_ahead,     "K1",  "wall ahead",    clock,   transient,     Shape::replica_number, at_once, 1, 31'536'000, ""},
    {wall_back,      "K4",  "wall back",     clock,   transient,     Shape::replica_number, at_once, 1, 31'536'000, ""},
    {stop_clock,     "K6",  "stop clock",    clock,   transient,     Shape::replica,        brief,   0, 0,       ""},
    {jump_all,       "K8",  "jump all",      clock,   transient,     Shape::number,         at_once, 1, 3'600,   ""},
    {stop_agent,     "P2",  "stop agent",    process, transient,     Shape::replica,        at_once, 0, 0,       ""},
    {out_of_memory,  "P4",  "out-of-memory", process, transient,     Shape::replica_number, lasting, 1, 20,      ""},
    {crash_loop,     "P5",  "crash loop",    process, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {wrong_binary,   "P8",  "wrong binary",  process, transient,     Shape::replica_release, lasting, 30'423, 0, ""},
    {port_taken,     "P9",  "port taken",    process, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {no_files,       "P9",  "no-files",      process, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {leftover,       "P10", "leftover",      process, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {bandwidth,      "N7",  "bandwidth",     network, transient,     Shape::number,         lasting, 100, 5'000, ""},
    {blackhole,      "N9",  "blackhole",     network, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {slow_apply,     "R10", "slow apply",    etcd,    transient,     Shape::replica_number, lasting, 1, 10,      ""},
    {auth,           "R13", "auth",          etcd,    transient,     Shape::none,           lasting, 0, 0,       ""},
    {flip_journal,   "J3",  "flip journal",  journal, transient,     Shape::replica,        at_once, 0, 0,       ""},
    {full_journal,   "J9",  "full journal",  journal, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {tell_twice,     "J8",  "tell twice",    journal, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {wipe_most,      "O4",  "wipe most",     person,  data_loss,     Shape::replica,        at_once, 0, 0,       "S4 L1"},
    {pause_all,      "O8",  "pause agents",  person,  transient,     Shape::none,           lasting, 0, 0,       ""},
    {clock_fast,     "K2",  "clock fast",    clock,   transient,     Shape::replica_number, lasting, 1, 500,     ""},
    {clock_slow,     "K2",  "clock slow",    clock,   transient,     Shape::replica_number, lasting, 1, 500,     ""},
    {swizzle,        "N6",  "swizzle",       network, transient,     Shape::number,         lasting, 1, 1'000,   ""},
    {reset,          "N8",  "reset",         network, transient,     Shape::replica,        at_once, 0, 0,       ""},
    {half_open,      "N8",  "half-open",     network, transient,     Shape::two,            lasting, 0, 0,       ""},
    {expired,        "N11", "expired",       network, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {slow_defrag,    "R8",  "slow defrag",   etcd,    transient,     Shape::replica_number, lasting, 1, 30,      ""},
    {future_event,   "J7",  "future event",  journal, transient,     Shape::replica,        lasting, 0, 0,       ""},
    {Fault::quota,   "O7",  "quota",         person,  operator_step, Shape::number,         lasting, 150, 400,   ""},
};
// clang-format on

constexpr bool in_order() {
    for (std::size_t i = 0; i < std::size(kinds); ++i)
        if (kinds[i].fault != static_cast<Fault>(i)) return false;
    return std::size(kinds) == faults_count;
}
static_assert(in_order(), "a row for each fault, in the order of the enumeration");

constexpr const char* points[] = {"before-commit", "after-commit", "after-release"};
static_assert(std::size(points) == crash_points);

// Boundaries where a crash hurts; the first stands for any.
constexpr const char* commands[] = {"",
                                    "WriteRecord",
                                    "StampVolume",
                                    "StartEtcd",
                                    "AddLearner",
                                    "RemoveMember",
                                    "PromoteMember",
                                    "SetAsideData",
                                    "AcquireAuthority",
                                    "ReleaseAuthority",
                                    "StopEtcd",
                                    "ExamineDisk",
                                    "RebuildEtcd",
                                    "CompareContent",
                                    "MoveLeader",
                                    "ListMembers",
                                    "DisarmCorrupt",
                                    "Compact",
                                    "Defragment",
                                    "DisarmNospace",
                                    "ProbeReplicas",
                                    "ExitAgent"};
static_assert(std::size(commands) * crash_points == kinds[static_cast<int>(crash)].most + 1);

constexpr const char* edge_names[] = {"after-release", "before-commit", "after-commit", "in-flight",
                                      "after-effect"};
static_assert(std::size(edge_names) == edges);

constexpr const char* family_names[] = {"network", "disk", "clock",   "process",
                                        "host",    "etcd", "journal", "person"};
static_assert(std::size(family_names) == families);

using Words = std::vector<std::string>;

std::optional<std::uint32_t> number_in(const std::string& word) {
    if (word.empty() || word.size() > 9) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : word) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return value;
}

std::optional<std::uint8_t> replica_in(const std::string& word) {
    const auto number = number_in(word);
    if (!number || *number >= limits::replicas_max) return std::nullopt;
    return static_cast<std::uint8_t>(*number);
}

Words words_of(const std::string& text) {
    Words words(1);
    for (const char c : text)
        if (c == ' ')
            words.emplace_back();
        else
            words.back() += c;
    return words;
}

const FaultKind* kind_in(const Words& words, std::size_t& used) {
    // The longest: "swap journals" begins like "swap".
    const FaultKind* found = nullptr;
    for (const FaultKind& kind : kinds) {
        const Words verb = words_of(kind.verb);
        if (words.size() < verb.size() || verb.size() <= used ||
            !std::equal(verb.begin(), verb.end(), words.begin()))
            continue;
        used = verb.size();
        found = &kind;
    }
    return found;
}

// "0 | 1 2": who is not on the left is on the right; nobody is in both.
bool parse_groups(const Words& words, Episode& episode) {
    std::uint16_t left = 0;
    std::uint16_t right = 0;
    bool second = false;
    for (const std::string& word : words) {
        if (word == "|") {
            if (second) return false;
            second = true;
            continue;
        }
        const auto one = replica_in(word);
        if (!one) return false;
        (second ? right : left) |= static_cast<std::uint16_t>(1U << *one);
    }
    episode.left = left;
    episode.right = right;
    return second && left != 0 && right != 0 && (left & right) == 0;
}

bool parse_crash(const Words& words, Episode& episode) {
    if (words.size() < 2 || words.size() > 3) return false;
    const auto one = replica_in(words[0]);
    const auto point = std::find(std::begin(points), std::end(points), words[1]);
    const auto command =
        std::find(std::begin(commands), std::end(commands), words.size() > 2 ? words[2] : "");
    if (!one || point == std::end(points) || command == std::end(commands)) return false;
    episode.one = *one;
    episode.number = static_cast<std::uint32_t>(command - std::begin(commands)) * crash_points +
                     static_cast<std::uint32_t>(point - std::begin(points));
    return true;
}

bool parse_arguments(Shape shape, const Words& words, Episode& episode) {
    const auto number = number_in(words.empty() ? "" : words.back());
    const auto one = replica_in(words.empty() ? "" : words[0]);
    switch (shape) {
        case Shape::none:
            return words.empty();
        case Shape::crash:
            return parse_crash(words, episode);
        case Shape::groups:
            return parse_groups(words, episode);
        case Shape::number:
            episode.number = number.value_or(0);
            return words.size() == 1 && number;
        case Shape::replica:
            episode.one = one.value_or(0);
            return words.size() == 1 && one;
        case Shape::two:
            if (words.size() != 2) return false;
            episode.one = one.value_or(0);
            episode.other = replica_in(words[1]).value_or(0);
            return one && replica_in(words[1]);
        case Shape::replica_release:
            episode.one = one.value_or(0);
            episode.number = words.size() == 2 ? number_of(parse_version(words[1])) : 0;
            return one && episode.number != 0;
        case Shape::replica_number:
            episode.one = one.value_or(0);
            episode.number = number.value_or(0);
            return words.size() == 2 && one && number;
    }
    return false;
}

std::string replicas_in(std::uint16_t bits) {
    std::string text;
    for (std::uint32_t o = 0; o < limits::replicas_max; ++o)
        if ((bits >> o & 1U) != 0) text += " " + std::to_string(o);
    return text;
}

std::string arguments_of(const Episode& episode) {
    const std::string one = " " + std::to_string(int{episode.one});
    const std::string number = " " + std::to_string(episode.number);
    switch (kind_of(episode.fault).shape) {
        case Shape::none:
            return {};
        case Shape::replica:
            return one;
        case Shape::two:
            return one + " " + std::to_string(int{episode.other});
        case Shape::number:
            return number;
        case Shape::replica_number:
            return one + number;
        case Shape::replica_release:
            return one + " " + to_text(release_of(episode.number));
        case Shape::groups:
            return replicas_in(episode.left) + " |" + replicas_in(episode.right);
        case Shape::crash: {
            const std::string command = crash_command(episode.number);
            return one + " " + crash_point_name(episode.number) +
                   (command.empty() ? "" : " " + command);
        }
    }
    return {};
}

}  // namespace

const char* name_of(Family family) { return family_names[static_cast<std::size_t>(family)]; }

const FaultKind& kind_of(Fault fault) { return kinds[static_cast<std::size_t>(fault)]; }

const std::vector<MetBy>& met_otherwise() {
    static const std::vector<MetBy> rows = {
        {"N4", "N2: each message is late by its own draw, so that they overtake each other"},
        {"N10", "X2: who gets an old address is nobody's member; certificate or cluster id differ"},
        {"K7", "K2: a second that is smeared over a day is a drift of 12 ppm"},
        {"R3", "N7, N9: a learner behind a slow or small link stays behind"},
        {"R4", "N9 beside what a learner lacks"},
        {"R5", "P10, S2, D9: who was removed runs again"},
        {"R7", "D10: two volumes of one id"},
        {"R9", "R1: what is stored, and what a compaction would free"},
        {"R12", "sim/world/versions.cpp, checks.cpp: each release has its own mistakes"},
        {"J4", "D7, J2: the journal goes back with its volume, or alone by so many records"},
        {"J6", "S2, P10: the lock beside the volume is held, and the second agent does nothing"},
        {"J10", "tests/contract/journal: a snapshot of a record that is not there is refused"},
        {"J11", "J2: what was said to be durable is gone"},
        {"O1", "O9: the token of a plan is approved"},
        {"O2", "O6, O9, S11: the same steps at any time, twice, or with others between"},
        {"O3", "S11: scaled to none and back"},
        {"O5", "D10: a copied claim"},
    };
    return rows;
}

bool is_drawn(Fault fault) {
    return fault != lose_answer && fault != lose_request && fault != upgrade;
}

Version release_of(std::uint32_t number) {
    return {number / 10'000, number / 100 % 100, number % 100};
}
std::uint32_t number_of(Version release) {
    return (release.major * 100U + release.minor) * 100U + release.patch;
}

const char* name_of(Edge edge) { return edge_names[static_cast<std::size_t>(edge)]; }

std::optional<Edge> parse_edge(const std::string& word) {
    const auto found = std::find(std::begin(edge_names), std::end(edge_names), word);
    if (found == std::end(edge_names)) return std::nullopt;
    return static_cast<Edge>(found - std::begin(edge_names));
}

const char* crash_point_name(std::uint32_t number) { return points[number % crash_points]; }
const char* crash_command(std::uint32_t number) {
    return commands[number / crash_points % std::size(commands)];
}
std::uint32_t crash_commands() { return static_cast<std::uint32_t>(std::size(commands)); }

std::string text_of(const Episode& episode) {
    const FaultKind& kind = kind_of(episode.fault);
    std::string text = kind.verb + arguments_of(episode);
    if (episode.lasts.us > 0) text += " for " + text_of(episode.lasts);
    return text;
}

std::optional<Episode> parse_episode(const Words& words) {
    std::size_t used = 0;
    const FaultKind* kind = kind_in(words, used);
    if (kind == nullptr) return std::nullopt;
    Episode episode;
    episode.fault = kind->fault;
    std::size_t end = words.size();
    if (end >= used + 2 && words[end - 2] == "for") {
        const auto lasts = parse_span(words[end - 1]);
        if (!lasts || kind->lasts_most == Span{}) return std::nullopt;
        episode.lasts = *lasts;
        end -= 2;
    }
    const auto from = words.begin() + static_cast<std::ptrdiff_t>(used);
    const Words arguments(from, words.begin() + static_cast<std::ptrdiff_t>(end));
    if (!parse_arguments(kind->shape, arguments, episode)) return std::nullopt;
    return episode;
}

std::optional<Span> parse_span(const std::string& word) {
    const std::size_t digits = word.find_first_not_of("0123456789");
    if (digits == std::string::npos || digits == 0 || digits > 15) return std::nullopt;
    std::int64_t n = 0;
    for (std::size_t i = 0; i < digits; ++i)
        n = n * 10 + (word[i] - '0');
    const std::string unit = word.substr(digits);
    if (unit == "us") return microseconds(n);
    if (n > 1'000'000'000) return std::nullopt;
    if (unit == "ms") return milliseconds(n);
    if (unit == "s") return seconds(n);
    if (unit == "m") return minutes(n);
    return std::nullopt;
}

std::string text_of(Span span) {
    if (span.us % 1'000'000 == 0) return std::to_string(span.us / 1'000'000) + "s";
    if (span.us % 1'000 == 0) return std::to_string(span.us / 1'000) + "ms";
    return std::to_string(span.us) + "us";
}

std::optional<std::vector<Fault>> parse_faults(const std::string& list, std::string& unknown) {
    std::vector<Fault> faults;
    std::string word;
    const auto take = [&] {
        bool known = false;
        for (const FaultKind& kind : kinds) {
            if (!is_drawn(kind.fault)) continue;
            std::string verb = kind.verb;
            std::replace(verb.begin(), verb.end(), ' ', '-');
            if (word != verb && word != kind.id && word != name_of(kind.family)) continue;
            known = true;
            faults.push_back(kind.fault);
        }
        return known;
    };
    for (const char c : list + ",") {
        if (c != ',') {
            word += c;
            continue;
        }
        if (!take()) {
            unknown = word;
            return std::nullopt;
        }
        word.clear();
    }
    return faults;
}

}  // namespace quorate::sim
