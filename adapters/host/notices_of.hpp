// Which steps of an agent are worth a line to people who do not read its log.
#pragma once

#include <vector>

#include "adapters/base/notices.hpp"
#include "core/model/decision.hpp"

namespace quorate::host {

// In the order in which they are taken. Looks, waits and writes of the record are none.
std::vector<Notice> notices_of(const Decision& decision, Ordinal self);

}  // namespace quorate::host
