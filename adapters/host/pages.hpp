// What a kubelet asks of an agent.
//
//     /livez     the agent's loop turns: anything else heals by itself or waits for a person, and a
//                restart would only cost the member its cache
//     /startupz  the same: forming may wait for others, whose start must not be hurried
//     /readyz    this member serves linearizable reads and its content is not in doubt (S15); under
//                OrderedReady also one that has done its part and waits for pods that the
//                controller makes only then. Where a control plane is wanted it must run as well:
//                that it answers, only its own probes can say
#pragma once

#include <string_view>

#include "adapters/http/server.hpp"
#include "core/model/state.hpp"

namespace quorate::host {

// The control plane, where one is wanted.
enum class Beside { nothing, running, down };

// 404 for any other path.
http::Page probe_page(std::string_view path, const State& state, const MemberStatus& own,
                      Beside beside);

}  // namespace quorate::host
