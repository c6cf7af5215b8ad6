#include "adapters/host/pages.hpp"

#include "core/rules/readiness.hpp"

namespace quorate::host {
namespace {

http::Page readiness(const State& state, const MemberStatus& own, Beside beside) {
    if (is_ready(state, own) && beside == Beside::down)
        return {503, "etcd is ready, the control plane does not run\n"};
    if (is_ready(state, own)) return {200, "ready\n"};
    const auto& desired = state.facts.desired;
    const bool in_order = desired && desired->policy == PodManagement::ordered;
    if (in_order && awaits_peers(state, own)) return {200, "waits for replicas to be made\n"};
    return {503, "not ready\n"};
}

}  // namespace

http::Page probe_page(std::string_view path, const State& state, const MemberStatus& own,
                      Beside beside) {
    if (path == "/livez" || path == "/startupz") return {200, "ok\n"};
    if (path == "/readyz") return readiness(state, own, beside);
    return {404, "there are /livez /readyz /startupz /metrics /status\n"};
}

}  // namespace quorate::host
