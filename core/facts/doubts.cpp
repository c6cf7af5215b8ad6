#include "core/facts/doubts.hpp"

#include <algorithm>

#include "core/base/limits.hpp"
#include "core/facts/evidence.hpp"

namespace quorate {
namespace {

// A doubt is told again with each heartbeat, and one of them may be missed. Who falls silent is
// believed for two checks more: meanwhile another agent compares.
Span believed(const Facts& facts) {
    const Policy& policy = facts.settings.policy;
    return policy.heartbeat_period * 2 + policy.hash_check_period * 2;
}

bool holds(const std::vector<MemberId>& ids, MemberId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Of this cluster's epoch, as far as this agent knows it: a rebuilt cluster's members may have the
// ids of those before.
const ContentFound* finding_of(const PeerFact& peer, const Facts& facts) {
    const auto& record = facts.record ? facts.record : facts.record_before;
    if (!peer.report.content) return nullptr;
    if (record && peer.report.content->epoch != record->epoch) return nullptr;
    return &*peer.report.content;
}

// When this member was last found to hold what the others hold; nullopt: never. A peer's comparison
// may be older than this agent's clock, whose first instant is no bound.
std::optional<Instant> agreed_at(const Facts& facts, MemberId id) {
    const HashVerdict verdict = facts.judged.verdict;
    const bool decided = verdict == HashVerdict::equal || verdict == HashVerdict::minority;
    std::optional<Instant> at;
    if (decided && holds(facts.compared, id) && !facts.diverged.contains(id)) at = facts.judged.at;
    for (const auto& [ordinal, peer] : facts.peers) {
        const ContentFound* found = finding_of(peer, facts);
        if (found != nullptr && holds(found->agreed, id))
            at = std::max(at.value_or(peer.content_compared_at), peer.content_compared_at);
    }
    return at;
}

// Those that a later comparison of the same agent says nothing of, as they did not answer it.
std::vector<MemberId> kept_in_doubt(const Facts& facts, const PeerFact& known,
                                    const ContentFound& told) {
    std::vector<MemberId> left;
    const auto& before = known.report.content;
    if (!before || before->epoch != told.epoch) return left;
    for (const MemberId id : before->doubted) {
        const bool answered = holds(told.doubted, id) || holds(told.agreed, id);
        const auto agreed = agreed_at(facts, id);
        const bool ended = agreed && known.content_compared_at < *agreed;
        const bool room = told.doubted.size() + left.size() < limits::replicas_max;
        if (!answered && !ended && room) left.push_back(id);
    }
    return left;
}

}  // namespace

std::vector<MemberId> doubted(const Facts& facts) {
    std::vector<MemberId> ids;
    for (const MemberId id : facts.compared)
        if (facts.judged.verdict == HashVerdict::undecided || facts.diverged.contains(id))
            ids.push_back(id);
    for (const MemberId id : facts.still_doubted) {
        const auto agreed = agreed_at(facts, id);
        if (!agreed || *agreed < facts.judged.at) ids.push_back(id);
    }
    return ids;
}

std::optional<ContentFound> own_finding(const State& state, Instant now) {
    const Facts& facts = state.facts;
    if (!facts.record || facts.judged.verdict == HashVerdict::none || facts.compared.empty())
        return std::nullopt;
    ContentFound found{facts.record->epoch, facts.judged.at, now - facts.judged.at, {}, {}};
    found.doubted = doubted(facts);
    // Whether this agent slept or its clock jumped nobody knows: a doubt is as young as it may be,
    // and what was found beside it would be told as younger than it may be.
    const Instant slept_at = overslept(state, now) ? now : facts.slept_at;
    if (slept_at > facts.judged.at && !found.doubted.empty()) {
        found.age = now - slept_at;
        return found;
    }
    for (const MemberId id : facts.compared)
        if (!holds(found.doubted, id)) found.agreed.push_back(id);
    return found;
}

void hear_finding(const Facts& facts, PeerFact& known, const std::optional<ContentFound>& told,
                  Instant now) {
    if (!told) return;
    const std::vector<MemberId> left = kept_in_doubt(facts, known, *told);
    // Told again, it was found when it was found; and a later comparison of one agent is no earlier
    // than its last: a clock that jumped meanwhile makes neither older.
    const auto& before = known.report.content;
    const bool later = before && before->epoch == told->epoch && before->at <= told->at;
    const bool same = later && before->at == told->at;
    const Instant made = now - std::max(told->age, Span{});
    if (!same) known.content_compared_at = later ? std::max(made, known.content_compared_at) : made;
    known.report.content = told;
    std::vector<MemberId>& doubted = known.report.content->doubted;
    doubted.insert(doubted.end(), left.begin(), left.end());
    known.content_at = now;
}

void keep_findings(Facts& facts, Instant absent_from, Instant absent_until) {
    for (auto& [ordinal, peer] : facts.peers)
        if (peer.report.content && absent_from < peer.content_at + believed(facts))
            peer.content_at = absent_until;
}

bool peers_doubt(const State& state, MemberId id) {
    const Facts& facts = state.facts;
    const auto agreed = agreed_at(facts, id);
    return std::any_of(facts.peers.begin(), facts.peers.end(), [&](const auto& one) {
        const PeerFact& peer = one.second;
        const ContentFound* found = finding_of(peer, facts);
        return found != nullptr && holds(found->doubted, id) &&
               (!agreed || peer.content_compared_at >= *agreed) &&
               state.now < peer.content_at + believed(facts);
    });
}

}  // namespace quorate
