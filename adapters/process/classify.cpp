#include "adapters/process/classify.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

namespace quorate::process {
namespace {

struct Row {
    ExitClass exit_class;
    std::string_view text;
    std::string_view also = "";  // on the same line
};

// A member that was removed says so at any exit status (0 with 3.4, 0 or 1 with 3.5 and later, a
// race), at any level, and at times another fatal line follows. Hence before everything else.
constexpr std::array kRemoved = {
    Row{ExitClass::removed, "the member has been permanently removed from the cluster"},
    Row{ExitClass::removed, "data-dir used by this member must be removed"},
};

// Within a line the first row wins: what the disk refuses comes before what was therefore taken
// for damage ("failed to open WAL: permission denied").
// clang-format off
constexpr std::array kRows = {
    Row{ExitClass::disk_full,            "no space left on device"},
    Row{ExitClass::disk_refused,         "permission denied"},
    Row{ExitClass::disk_refused,         "read-only file system"},
    Row{ExitClass::disk_refused,         "input/output error"},            // storage that is away
    Row{ExitClass::disk_refused,         "cannot access data directory"},
    Row{ExitClass::address_in_use,       "bind: address already in use"},

    Row{ExitClass::already_bootstrapped, "has already been bootstrapped"},
    Row{ExitClass::not_admitted,         "error validating peerURLs"},
    Row{ExitClass::not_admitted,         "member count is unequal"},
    Row{ExitClass::not_admitted,         "couldn't find local name"},
    Row{ExitClass::not_admitted,         "incompatible with current running cluster"},
    Row{ExitClass::peers_unreachable,    "could not retrieve cluster information"},
    Row{ExitClass::peers_unreachable,    "cannot fetch cluster info from peer urls"},

    Row{ExitClass::log_lost,             "tocommit(", "is out of range [lastIndex("},
    Row{ExitClass::data_inconsistent,    "found data inconsistency with peers"},
    Row{ExitClass::older_binary,         "invalid downgrade"},
    Row{ExitClass::older_binary,         "server version is lower than determined cluster version"},
    Row{ExitClass::older_binary,         "Failed to validate schema"},     // 3.6

    Row{ExitClass::wal_damaged,          "failed to read WAL, cannot be repaired"},
    Row{ExitClass::wal_damaged,          "failed to repair WAL"},
    Row{ExitClass::wal_damaged,          "failed to open WAL"},
    Row{ExitClass::wal_damaged,          "walpb: crc mismatch"},
    Row{ExitClass::wal_damaged,          "proto: Record: "},               // half a record zeroed
    Row{ExitClass::wal_damaged,          "cannot parse invalid wire-format data"},    // the same, 3.7
    Row{ExitClass::wal_damaged,          "wal: file not found"},
    Row{ExitClass::wal_damaged,          "slice bounds out of range"},     // a zeroed record
    Row{ExitClass::db_damaged,           "failed to recover v3 backend from snapshot"},
    Row{ExitClass::db_damaged,           "recovering backend from snapshot error"},   // 3.4
    Row{ExitClass::db_damaged,           "failed to find [SNAPSHOT-INDEX].snap.db"},
    Row{ExitClass::db_damaged,           "failed to find database snapshot file"},
    Row{ExitClass::db_damaged,           "of the backend is missing"},
    Row{ExitClass::db_damaged,           "does not match with snapshot (index"},
    Row{ExitClass::db_damaged,           "failed to open database", "invalid database"},
    Row{ExitClass::db_damaged,           "failed to get all reachable pages"},
    Row{ExitClass::db_damaged,           "unexpected fault address"},      // a truncated mapping
    Row{ExitClass::db_damaged,           "fatal error: fault"},
    Row{ExitClass::db_damaged,           "SIGBUS: bus error"},

    Row{ExitClass::bad_arguments,        "flag provided but not defined"},
    Row{ExitClass::bad_arguments,        "for flag -", "invalid value"},
    Row{ExitClass::bad_arguments,        "error verifying flags"},         // 3.4
    Row{ExitClass::bad_arguments,        "failed to verify flags"},
    Row{ExitClass::bad_arguments,        "conflicting environment variable"},
    Row{ExitClass::bad_arguments,        "cannot specify both flags"},     // 3.6
};

// etcd also says such things of what it gets over: only an error may be the cause of an end.
constexpr std::array<std::string_view, 7> kNotFatal = {
    R"("level":"debug")", R"("level":"info")", R"("level":"warn")",  // zap, all versions
    " D | ", " I | ", " N | ", " W | ",                               // capnslog, 3.4
};
// clang-format on

bool contains(std::string_view line, std::string_view text) {
    return line.find(text) != std::string_view::npos;
}

bool may_be_cause(std::string_view line) {
    return std::none_of(kNotFatal.begin(), kNotFatal.end(),
                        [&](std::string_view level) { return contains(line, level); });
}

template <class Rows>
const Row* match(const Rows& rows, std::string_view line) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& candidate) {
        return contains(line, candidate.text) && contains(line, candidate.also);
    });
    return row == rows.end() ? nullptr : &*row;
}

struct Match {
    ExitClass exit_class;
    std::string line;
};

Match find_cause(const std::vector<std::string>& lines) {
    for (auto line = lines.rbegin(); line != lines.rend(); ++line)
        if (const Row* row = may_be_cause(*line) ? match(kRows, *line) : nullptr)
            return {row->exit_class, *line};
    return {ExitClass::unknown, lines.empty() ? "" : lines.back()};
}

Match find_class(const Ending& ending, const std::vector<std::string>& lines) {
    for (auto line = lines.rbegin(); line != lines.rend(); ++line)
        if (match(kRemoved, *line) != nullptr) return {ExitClass::removed, *line};

    const std::string last = lines.empty() ? "" : lines.back();
    // etcd handles SIGTERM and SIGINT and then raises them again; as PID 1 it exits with 0. Whoever
    // sent the signal: it stopped in order.
    if (ending.signal == SIGTERM || ending.signal == SIGINT) return {ExitClass::stopped, last};
    if (ending.signal == SIGKILL) return {ExitClass::killed, last};
    if (ending.signal == 0 && ending.status == 0)
        return {ending.asked_to_stop ? ExitClass::stopped : ExitClass::unknown, last};
    return find_cause(lines);
}

}  // namespace

ChildExit classify(const Ending& ending, const std::vector<std::string>& last_lines) {
    Match found = find_class(ending, last_lines);
    return ChildExit{found.exit_class, ending.status, ending.signal, std::move(found.line)};
}

}  // namespace quorate::process
