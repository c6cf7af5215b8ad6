// What depends on the etcd release, in one table, each row with the source it was read from.
#pragma once

#include <string>
#include <vector>

#include "core/base/ids.hpp"

namespace quorate {

enum class VersionTrait {
    logger_must_be_named,      // 3.4 logs without fields unless --logger=zap
    adds_beside_a_dead_voter,  // isConnectedToQuorumAfterAddingNewMemberSince
    corrupt_check_old_flags,   // --experimental-initial-corrupt-check,
                               // --experimental-corrupt-check-time
    corrupt_check_new_flags,   // --feature-gates=InitialCorruptCheck=true, --corrupt-check-time
    acknowledges_before_fsync_alone,  // one-member cluster, etcd#14370
    diverges_after_crash,             // etcd#13766
    skews_when_defragmenting,         // a crash in it; agents defragment by themselves, etcd#14685
};

struct VersionRule {
    VersionTrait trait;
    Version from;   // inclusive
    Version below;  // exclusive
    const char* source;
};

const VersionRule* begin_of_version_rules();
const VersionRule* end_of_version_rules();

bool has(Version version, VersionTrait trait);

// Oldest release that is ever started (etcd facts 14.1: refuse). Empty when it may be; else why.
inline constexpr Version version_floor{3, 4, 21};
std::string version_refusal(Version version);

// The flags that make a damaged member known, spelled for this release. No corruption check runs
// unless it is asked for (etcd facts 10).
std::vector<std::string> flags_for(Version version);

// May a member be added while `connected` of `voters` voters are connected to the asked one?
// etcd v3.5.29 isConnectedFullySince; v3.5.30, v3.6.11
// isConnectedToQuorumAfterAddingNewMemberSince.
bool may_add_member(Version version, std::size_t voters, std::size_t connected);

// A member's data of storage or cluster version `data` is never opened by an older binary.
bool binary_is_older(Version binary, Version data);

// What every member must have run before the first one runs a minor release.
struct UpgradeFloor {
    Version to;     // a minor release, patch 0
    Version floor;  // of the minor release before it
    Version first;  // the first release of `to` that may be the one
    const char* because;
    const char* source;
};
const UpgradeFloor* begin_of_upgrade_floors();
const UpgradeFloor* end_of_upgrade_floors();

// The row for this binary's minor release; one that is not in the table asks only for the minor
// release before it.
UpgradeFloor upgrade_floor(Version binary);

// The minor release alone: 3.5.35 -> 3.5.0.
constexpr Version minor_of(Version version) { return {version.major, version.minor, 0}; }
constexpr Version minor_after(Version version) { return {version.major, version.minor + 1, 0}; }
std::string minor_text(Version version);  // "3.5"

// "3.6.0" -> 3.6.0; anything else -> 0.0.0.
Version parse_version(const std::string& text);
std::string to_text(Version version);

}  // namespace quorate
