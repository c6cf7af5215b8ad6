#include "core/rules/content.hpp"

#include <algorithm>

#include "core/facts/evidence.hpp"
#include "core/rules/quorum.hpp"

namespace quorate {

bool content_is_doubted(const Facts& facts) {
    const bool alarm = std::any_of(facts.probes.begin(), facts.probes.end(), [](const auto& probe) {
        return probe.second.status.alarm_corrupt;
    });
    return alarm || content_is_undecided(facts);
}

bool content_is_undecided(const Facts& facts) {
    return facts.judged.verdict == HashVerdict::undecided || the_right_are_no_quorum(facts) ||
           facts.learners_differed.count >= learners_differed_most;
}

bool the_right_are_no_quorum(const Facts& facts) {
    const MemberList* list = newest_list(facts);
    if (facts.judged.verdict != HashVerdict::minority || list == nullptr) return false;
    return facts.judged.answered < facts.diverged.size() + quorum(voters_of(*list).size());
}

bool content_is_to_compare(const State& state) {
    const Facts& facts = state.facts;
    const Policy& policy = facts.settings.policy;
    const auto serving =
        std::count_if(facts.probes.begin(), facts.probes.end(),
                      [](const auto& probe) { return probe.second.status.serves; });
    if (serving < 2) return false;  // there is nobody to differ from
    return state.now >= facts.judged.at + policy.stability_window;
}

bool judged_since_alarm(const State& state) { return state.facts.judged.at > state.alarm.since; }

namespace {

// What is accused in vain can wait for every other repair: until then it counts as the voter it is,
// and so does every other that is accused.
bool all_others_serve(const Facts& facts, const MemberList& list, MemberId id) {
    return std::all_of(list.members.begin(), list.members.end(), [&](const ListedMember& member) {
        const auto ordinal = ordinal_of(facts, member);
        return member.id == id || (!member.learner && ordinal && serves(facts, *ordinal));
    });
}

}  // namespace

bool is_accused_in_vain(const State& state, MemberId id) {
    if (state.alarm.phase != AlarmPhase::raised || !judged_since_alarm(state)) return false;
    if (state.facts.judged.verdict != HashVerdict::equal) return false;
    const MemberList* list = newest_list(state.facts);
    if (list == nullptr || !all_others_serve(state.facts, *list, id)) return false;
    for (const MemberId accused_id : accused(state.facts))
        if (find_member(*list, accused_id) != nullptr) return accused_id == id;
    return false;
}

bool doubt_is_work(const State& state) {
    const bool open =
        state.alarm.phase == AlarmPhase::raised || state.alarm.phase == AlarmPhase::disarming;
    return open && leader_of(state.facts) == state.facts.settings.self;
}

}  // namespace quorate
