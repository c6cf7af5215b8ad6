// What grows by itself is no news: adapters post an answer when the rest of it changed, and by the
// heartbeat. The real ones and those of the simulator ask here, so that both tell the same.
#pragma once

#include <optional>

#include "core/model/members.hpp"
#include "core/model/peer.hpp"

namespace quorate {

// What is left is what a rule may turn on at once.
MemberStatus without_growth(MemberStatus status);
std::optional<ContentFound> without_growth(std::optional<ContentFound> found);
PeerReport without_growth(PeerReport report);

}  // namespace quorate
