// How a child process ended, reduced to what the core reacts to. The class is read from exit
// status, signal and the last lines of stderr (etcd facts 13); `unknown` never leads to anything
// destructive.
#pragma once

#include <cstdint>
#include <string>

namespace quorate {

enum class ExitClass {
    stopped,               // asked to stop and did
    killed,                // SIGKILL or out of memory: nothing is said about the data
    removed,               // learned from the cluster that it was removed
    already_bootstrapped,  // started as new, but the cluster knows this identity
    not_admitted,          // member list and start arguments do not fit
    peers_unreachable,     // a joiner found no peer to ask
    log_lost,              // "tocommit ... is out of range": the log is shorter than acknowledged
    wal_damaged,
    db_damaged,         // db missing, truncated, or behind its snapshot
    data_inconsistent,  // the initial corruption check failed
    older_binary,       // the data is newer than this etcd
    disk_full,
    disk_refused,  // read-only, permission denied
    address_in_use,
    bad_arguments,  // an unknown flag, a conflicting environment
    unknown,
};

struct ChildExit {
    ExitClass exit_class = ExitClass::unknown;
    std::int32_t status = 0;  // exit status; 0 when ended by a signal
    std::int32_t signal = 0;  // 0 when it exited by itself
    std::string last_line;    // the line the class was read from, else the last one
    bool operator==(const ChildExit&) const = default;
};

}  // namespace quorate
