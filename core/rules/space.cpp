#include "core/rules/space.hpp"

#include <algorithm>

#include "core/facts/evidence.hpp"
#include "core/rules/content.hpp"

namespace quorate {
namespace {

template <class SizeOf>
bool all_below(const Facts& facts, SizeOf size_of) {
    const std::uint64_t most = quota_of(facts.settings).value / 5 * 4;
    return std::all_of(facts.probes.begin(), facts.probes.end(), [&](const auto& probe) {
        return !probe.second.status.answers || size_of(probe.second.status).value <= most;
    });
}

}  // namespace

bool space_is_short(const Facts& facts) {
    return std::any_of(facts.probes.begin(), facts.probes.end(),
                       [](const auto& probe) { return probe.second.status.alarm_nospace; });
}

bool files_have_room(const Facts& facts) {
    return all_below(facts, [](const MemberStatus& status) { return status.db_size; });
}

bool pages_have_room(const Facts& facts) {
    return all_below(facts, [](const MemberStatus& status) { return status.db_size_in_use; });
}

bool space_is_work(const State& state) {
    // Nothing is done about space while content is in doubt, and whoever can end the doubt must get
    // authority: the agent beside the leader.
    if (content_is_doubted(state.facts)) return false;
    switch (state.space.phase) {
        case SpacePhase::enough:
        case SpacePhase::parked:
            return false;
        case SpacePhase::wanting:
            return leader_of(state.facts) == state.facts.settings.self;
        case SpacePhase::compacting:
        case SpacePhase::defragmenting:
        case SpacePhase::disarming:
            return true;
    }
    return false;
}

}  // namespace quorate
