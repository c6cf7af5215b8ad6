// etcd's backend quota against the volume that it lies on. With room to spare a database that grows
// ends in the NOSPACE alarm, out of which Quorate and etcd know a way; without, it ends in a full
// disk, out of which neither does.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"

namespace quorate::host {

// The largest quota with which the volume is never full before the alarm.
Bytes largest_quota(Bytes volume);

struct QuotaChoice {
    std::vector<std::string> arguments;  // of etcd, besides those that were given
    std::string told;                    // one line for a person; empty: all is well
};
// Whoever named a quota keeps it and is warned when it is too large; else it is made to fit where
// etcd's own default does not.
QuotaChoice quota_for(Bytes volume, const std::vector<std::string>& given);

Result<Bytes> size_of_volume(const std::filesystem::path& directory);

}  // namespace quorate::host
