#include "sim/oracles/contents.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/mix.hpp"
#include "core/explain.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {

std::uint64_t Contents::list_of(std::uint8_t leader) const {
    std::uint64_t digest = 1;
    for (const View& view : world_.cluster.process(leader).conf)
        digest = mix(digest, view.id.value * 2 + (view.learner ? 1 : 0));
    return digest;
}

// A comparison of voters only: what a learner lacks says nothing of the leader. Whom a majority
// agrees with is no suspect any more, whoever found it before.
void Contents::told(std::uint8_t agent, const ContentCompared& compared) {
    const auto leader = world_.cluster.able_leader();
    if (!leader) return;
    std::map<std::uint32_t, std::size_t> with_it;
    std::set<std::int64_t> compacted;
    std::size_t answered = 0;
    for (const auto& [ordinal, hash] : compared.hashes) {
        if (!hash.answered) continue;
        const auto& conf = world_.cluster.process(*leader).conf;
        const bool votes =
            std::any_of(conf.begin(), conf.end(), [&, &one = hash](const View& view) {
                return view.id == one.member_id && !view.learner;
            });
        if (!votes) return;
        ++answered;
        ++with_it[hash.hash];
        compacted.insert(hash.compact_revision.value);
    }
    if (answered < 2 || compacted.size() > 1) return;  // nobody was compared with anybody
    for (const auto& [ordinal, hash] : compared.hashes) {
        if (!hash.answered) continue;
        const auto o = static_cast<std::uint8_t>(ordinal.value);
        if (with_it[hash.hash] * 2 > answered) {
            for (Suspects& found : suspects_)
                found[o].reset();
            continue;
        }
        Suspect& suspect = suspects_[agent][o].emplace(Suspect{});
        suspect.life = world_.agents[agent]->life();
        suspect.id = hash.member_id;
        suspect.list = list_of(*leader);
        suspect.found_at = world_.kernel.now;
    }
}

void Contents::audit() {
    const auto leader = world_.cluster.able_leader();
    if (leader)
        watch(*leader);
    else
        differing_ = {};
    for (std::uint8_t o = 0; o < Network::size; ++o)
        check_ready(o);
    for (std::uint8_t finder = 0; finder < Network::size; ++finder)
        for (std::uint8_t o = 0; o < Network::size; ++o)
            if (suspects_[finder][o]) check_suspect(finder, o);
}

void Contents::watch(std::uint8_t leader) {
    const Agent& agent = *world_.agents[leader];
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        const auto& conf = world_.cluster.process(leader).conf;
        const EtcdData* data = world_.cluster.data(o);
        const bool votes =
            data != nullptr && std::any_of(conf.begin(), conf.end(), [&](const View& view) {
                return view.id == data->id && view.ordinal == o && !view.learner;
            });
        const bool comparable = votes && o != leader && agent.alive() && agent.ages() &&
                                !agent.halted() && !world_.cluster.asks_for_passwords() &&
                                world_.cluster.serves(o) && world_.cluster.serves(leader);
        if (!comparable || !world_.content_differs(leader, o)) {
            differing_[o].reset();
            continue;
        }
        ++findings_.counts.differing;
        const bool goes_on = differing_[o] && differing_[o]->leader == leader &&
                             differing_[o]->life == agent.life() && differing_[o]->id == data->id;
        const Instant now = world_.kernel.now;
        if (!goes_on) differing_[o] = Differing{leader, agent.life(), data->id, now, Instant{}};
        Differing& one = *differing_[o];
        const bool lately = one.noticed_at + unknowable > now;
        if (noticed(one) || (lately && asks_anew(agent.state()))) one.noticed_at = now;
        const Instant since = std::max(one.since, agent.runs_since());
        const Span bound = world_.config.policy.hash_check_period * 2 + unknowable;
        if (since + bound > now || one.noticed_at + unknowable > now) continue;
        findings_.report("S14", name(o) + " holds other content than " + name(leader) +
                                    ", and nobody has noticed for " +
                                    std::to_string((now - since).us / 1'000'000) + " s");
        one.since = now;  // told once
    }
}

// A change that is under way ends first, and an answer that is lost is waited for until the
// deadline.
bool Contents::asks_anew(const State& state) {
    const RepairPhase phase = state.repair.phase;
    if (phase != RepairPhase::idle && phase != RepairPhase::catching_up) return true;
    return std::any_of(state.in_flight.begin(), state.in_flight.end(), [](const auto& one) {
        const CommandBody& body = one.second.body;
        return std::holds_alternative<ListMembers>(body) ||
               std::holds_alternative<CompareContent>(body);
    });
}

// Of two that differ it may be the leader who is told to be wrong.
bool Contents::noticed(const Differing& one) const {
    const EtcdData* leading = world_.cluster.data(one.leader);
    const MemberId leader = leading != nullptr ? leading->id : MemberId{};
    return std::any_of(world_.agents.begin(), world_.agents.end(), [&](const auto& agent) {
        if (!agent->alive()) return false;
        const State& state = agent->state();
        return state.alarm.phase != AlarmPhase::clear || state.facts.diverged.contains(one.id) ||
               state.facts.diverged.contains(leader) ||
               (state.facts.judged.at >= one.since &&
                state.facts.judged.verdict == HashVerdict::undecided) ||
               (state.repair.phase != RepairPhase::idle && state.repair.member_id == one.id);
    });
}

bool Contents::truly_differs(std::uint8_t o) const {
    for (std::uint8_t other = 0; other < Network::size; ++other)
        if (other != o && world_.cluster.serves(other) && world_.content_differs(o, other))
            return true;
    return false;
}

// One that was stopped says what it knew before, until its first probe has ended.
void Contents::check_ready(std::uint8_t o) {
    const Agent& agent = *world_.agents[o];
    const Instant served = world_.oracles.served_at(o);
    const Span budget = world_.config.policy.probe_period * 2;
    if (!agent.says_ready()) return;
    ++findings_.counts.ready;
    if (std::max(served, agent.runs_since()) + budget >= world_.kernel.now) return;
    findings_.report("S15", name(o) + " says that it is ready, and served " +
                                std::to_string((world_.kernel.now - served).us / 1'000) +
                                " ms ago");
}

// The one that found it can tell: both run, hear each other, and know of which cluster they are.
bool Contents::in_touch(std::uint8_t finder, std::uint8_t o, const Suspect& suspect) const {
    const Agent& teller = *world_.agents[finder];
    const Agent& hearer = *world_.agents[o];
    if (!teller.alive() || teller.life() != suspect.life) return false;
    if (finder == o) return true;
    if (world_.config.policy.peers_wait == Span{}) return false;
    const Span enough = world_.config.policy.probe_period * 3;
    const Instant since = std::max({suspect.found_at, world_.network.linked_since(finder, o),
                                    teller.runs_since(), hearer.runs_since()});
    const auto& told = teller.state().facts.record;
    const auto& known = hearer.state().facts.record;
    return world_.network.linked(finder, o) && !teller.frozen() && !hearer.frozen() && told &&
           known && told->lineage == known->lineage && told->epoch == known->epoch &&
           since + enough <= world_.kernel.now;
}

// Once it was told it knows for two checks without being told again.
bool Contents::must_know(std::uint8_t finder, std::uint8_t o, Suspect& suspect) const {
    if (in_touch(finder, o, suspect)) {
        suspect.told = true;
        suspect.in_touch_at = world_.kernel.now;
    }
    const Span kept = world_.config.policy.hash_check_period * 2;
    const bool told_in_this_life = suspect.in_touch_at >= world_.agents[o]->runs_since();
    return suspect.told && told_in_this_life && world_.kernel.now < suspect.in_touch_at + kept;
}

// Among other members whether it differs is a question that is not answered yet, and one who asks
// it anew may forget the answer for as long as a comparison takes.
void Contents::check_suspect(std::uint8_t finder, std::uint8_t o) {
    const Agent& agent = *world_.agents[o];
    const EtcdData* data = world_.cluster.data(o);
    const auto leader = world_.cluster.able_leader();
    auto& suspect = suspects_[finder][o];
    const bool own = finder == o;
    if (own && (!agent.alive() || suspect->life != agent.life())) return suspect.reset();
    const bool so = leader && data != nullptr && data->id == suspect->id &&
                    suspect->list == list_of(*leader) && truly_differs(o) &&
                    must_know(finder, o, *suspect);
    if (so) ++(own ? findings_.counts.suspects : findings_.counts.suspects_told);
    if (!so || !agent.says_ready()) {
        suspect->ready_since = Instant{};
        return;
    }
    if (suspect->ready_since == Instant{}) suspect->ready_since = world_.kernel.now;
    if (suspect->ready_since + world_.config.policy.probe_period > world_.kernel.now) return;
    findings_.report("S14", name(o) + " says that it is ready, and " +
                                (own ? "its agent" : "the agent of " + name(finder)) +
                                " found that its content differs");
    suspect.reset();  // told once
}

}  // namespace quorate::sim
