// The parts of etcd's answers that are text: versions, alarms, and the JSON of the peer port.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/etcd/alarm.hpp"
#include "adapters/etcd/errors.hpp"
#include "core/base/ids.hpp"
#include "core/model/members.hpp"

namespace quorate::etcd {

// "3.6.1" or "3.6.0-rc.1"; what is missing is 0.
Version parse_version(std::string_view text);

// One entry of Status.errors; nothing when it is no alarm, or of a kind we do not know.
std::optional<Alarm> parse_alarm(std::string_view text);

// The answer to GET /members/hashkv.
Answer<ContentHash> parse_hash(const std::string& text);

}  // namespace quorate::etcd
