// The signals of machine `alarm`: what the CORRUPT alarm and the members' hashes say together. The
// accused id alone proves nothing (etcd facts 10: a healthy follower may be named when the leader
// is bad); what is disarmed must have no accused data left in use (S13).
#include <algorithm>

#include "core/facts/evidence.hpp"
#include "core/rules/content.hpp"
#include "core/rules/signals.hpp"

namespace quorate {
namespace {

using Reading = std::optional<AlarmSignal>;

bool somebody_accused_is_left(const Facts& facts, const MemberList& list) {
    const std::vector<MemberId> ids = accused(facts);
    return std::any_of(ids.begin(), ids.end(), [&](MemberId id) {
        return id.value != 0 && find_member(list, id) != nullptr;
    });
}

bool all_voters_agree(const State& state, std::size_t voters) {
    if (voters == 1) return true;  // there is nobody to differ from
    return state.facts.judged.verdict == HashVerdict::equal && judged_since_alarm(state) &&
           state.facts.judged.answered == voters;
}

Reading when_raised(const State& state) {
    const Facts& facts = state.facts;
    if (!content_is_doubted(facts)) return signal::alarm_gone{};
    if (judged_since_alarm(state) && facts.judged.verdict == HashVerdict::undecided)
        return signal::nobody_knows{
            "the members' content differs, and no majority says which is right",
            "compare it (etcdctl endpoint hashkv --cluster) and remove the wrong member: "
            "etcdctl member remove ID"};
    if (the_right_are_no_quorum(facts))
        return signal::nobody_knows{
            "members hold other content than the majority, and without them there is no quorum",
            "bring the silent replicas back, or scale to one whose content is right (etcdctl "
            "endpoint hashkv --cluster)"};
    if (facts.learners_differed.count >= learners_differed_most)
        return signal::nobody_knows{
            "what joins holds other content than the leader at one revision: its log does not say "
            "what it serves",
            "restore a snapshot of the leader (etcdctl snapshot save), or scale to the replica "
            "whose content is right"};
    // The rest changes something: it needs authority, a list that is evidence, and no repair.
    if (state.authority.phase != AuthorityPhase::holding || !list_is_evidence(state) ||
        state.repair.phase != RepairPhase::idle)
        return std::nullopt;
    const std::size_t voters = voters_of(*facts.list).size();
    const bool left = somebody_accused_is_left(facts, *facts.list);
    if (left && voters == 1)
        return signal::nobody_knows{
            "the CORRUPT alarm accuses the only member",
            "restore a snapshot, or, if its data is right, run: etcdctl alarm disarm"};
    if (left || voters != facts.list->members.size() || !all_voters_agree(state, voters))
        return std::nullopt;
    return signal::content_agrees{};
}

}  // namespace

std::optional<AlarmSignal> read_alarm(const State& state) {
    const Facts& facts = state.facts;
    const bool doubted = content_is_doubted(facts);
    switch (state.alarm.phase) {
        case AlarmPhase::clear:
            return doubted ? Reading(signal::alarm_raised{}) : std::nullopt;
        case AlarmPhase::raised:
            return when_raised(state);
        case AlarmPhase::disarming:
            if (!doubted) return signal::alarm_gone{};
            if (in_flight<DisarmCorrupt>(state) || state.now < state.alarm.retry_at)
                return std::nullopt;
            return signal::alarm_raised{};
        case AlarmPhase::parked: {
            if (!doubted) return signal::alarm_gone{};
            const HashVerdict verdict = facts.judged.verdict;
            const bool decided =
                (verdict == HashVerdict::equal || verdict == HashVerdict::minority) &&
                !content_is_undecided(facts);
            return decided && judged_since_alarm(state) ? Reading(signal::alarm_raised{})
                                                        : std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace quorate
