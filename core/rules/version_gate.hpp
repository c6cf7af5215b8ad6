// Which etcd may start where (requirement F1, S18). A person swaps the binary under the agents, one
// replica after the other or all at once; what is wrong with it is said before etcd touches
// anything, with the way forward, and the replica waits until the reason is gone. Judged from what
// is on the volume, from the releases in the record, and from what the others run. The rows are
// numbered U01, U02, ... and tried in this order.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/disk.hpp"
#include "core/model/rules.hpp"
#include "core/model/state.hpp"

namespace quorate {

struct OtherRelease {
    Ordinal ordinal;
    Version version;  // that it runs, or last served with
};

// 0.0.0 stands for: not known.
struct VersionCase {
    Version binary;
    bool has_data = false;  // else it joins, or founds
    Version stored;         // has_data: storage version of the db, from 3.6
    Version
        cluster_version;  // has_data: what the cluster had agreed on; rises only when all run it
    Version last;         // has_data: the release whose work the volume holds
    std::vector<OtherRelease> others;        // members, ascending; those not known are left out
    std::optional<MembershipStores> stores;  // has_data: as on the disk
    bool v2_requests = false;                // has_data: a start would replay one
    bool refused_by_etcd = false;            // in this life etcd itself said that the data is newer
    std::string etcd_said;
};

struct VersionGate {
    RuleId rule;
    std::string why;
    std::string next_step;
};

// nullopt: this etcd may start on this volume.
std::optional<VersionGate> version_gate(const VersionCase& input);

// The case of this agent, for a volume that it is about to start or to join with.
VersionCase version_case(const Facts& facts);

// Empty when both stores name the same members; else the first differences, with ids.
std::string difference_of(const MembershipStores& stores);

// What each rule is for, "" for what is none of them.
const char* because_of_gate(RuleId rule);

}  // namespace quorate
