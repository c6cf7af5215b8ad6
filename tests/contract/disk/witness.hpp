// Sees the fsync and rename calls of this program in their order. The test binary's own fsync and
// rename stand before libc's; they note the call and make it.
#pragma once

#include <string>
#include <vector>

namespace quorate::disk {

// "fsync /a/b", "rename /a/b /a/c"; since the last call of this function.
std::vector<std::string> witnessed();

}  // namespace quorate::disk
