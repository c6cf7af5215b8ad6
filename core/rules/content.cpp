#include "core/rules/content.hpp"

#include <algorithm>

#include "core/facts/evidence.hpp"

namespace quorate {

bool content_is_doubted(const Facts& facts) {
    const bool alarm = std::any_of(facts.probes.begin(), facts.probes.end(), [](const auto& probe) {
        return probe.second.status.alarm_corrupt;
    });
    return alarm || facts.judged.verdict == HashVerdict::undecided;
}

bool judged_since_alarm(const State& state) { return state.facts.judged.at > state.alarm.since; }

bool is_accused_in_vain(const State& state, MemberId id) {
    if (state.alarm.phase != AlarmPhase::raised || !judged_since_alarm(state)) return false;
    if (state.facts.judged.verdict != HashVerdict::equal) return false;
    const std::vector<MemberId> ids = accused(state.facts);
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool doubt_is_work(const State& state) {
    const bool open =
        state.alarm.phase == AlarmPhase::raised || state.alarm.phase == AlarmPhase::disarming;
    return open && leader_of(state.facts) == state.facts.settings.self;
}

}  // namespace quorate
