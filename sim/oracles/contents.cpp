#include "sim/oracles/contents.hpp"

#include <algorithm>

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

// A comparison of voters only: what a learner lacks says nothing of the leader.
void Contents::told(std::uint8_t agent, const ContentCompared& compared) {
    const ContentHash* own = compared.hashes.find(Ordinal{agent});
    const auto leader = world_.cluster.able_leader();
    if (own == nullptr || !own->answered || !leader) return;
    std::size_t answered = 0;
    std::size_t with_it = 0;
    for (const auto& [ordinal, hash] : compared.hashes) {
        if (!hash.answered) continue;
        const auto& conf = world_.cluster.process(*leader).conf;
        const bool votes =
            std::any_of(conf.begin(), conf.end(), [&, &one = hash](const View& view) {
                return view.id == one.member_id && !view.learner;
            });
        if (!votes) return;
        ++answered;
        if (hash.hash == own->hash) ++with_it;
    }
    if (answered < 2) return;  // nobody was compared with anybody
    suspect_[agent].reset();
    if (with_it * 2 > answered) return;
    suspect_[agent] =
        Suspect{world_.agents[agent]->life(), own->member_id, list_of(*leader), Instant{}};
}

void Contents::audit() {
    const auto leader = world_.cluster.able_leader();
    if (leader)
        watch(*leader);
    else
        differing_ = {};
    for (std::uint8_t o = 0; o < Network::size; ++o)
        check_ready(o);
    for (std::uint8_t o = 0; o < Network::size; ++o)
        check_suspect(o);
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
                                world_.cluster.serves(o) && world_.cluster.serves(leader);
        if (!comparable || !world_.content_differs(leader, o)) {
            differing_[o].reset();
            continue;
        }
        ++findings_.counts.differing;
        const bool goes_on = differing_[o] && differing_[o]->leader == leader &&
                             differing_[o]->life == agent.life() && differing_[o]->id == data->id;
        if (!goes_on) differing_[o] = Differing{leader, agent.life(), data->id, world_.kernel.now};
        const Instant since = std::max(differing_[o]->since, agent.runs_since());
        const Span bound = world_.config.policy.hash_check_period * 2 + unknowable;
        if (since + bound > world_.kernel.now || noticed(*differing_[o])) continue;
        findings_.report("S14", name(o) + " holds other content than " + name(leader) +
                                    ", and nobody has noticed for " +
                                    std::to_string((world_.kernel.now - since).us / 1'000'000) +
                                    " s");
        differing_[o]->since = world_.kernel.now;  // told once
    }
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

// Among other members whether it differs is a question that is not answered yet, and one who asks
// it anew may forget the answer for as long as a comparison takes.
void Contents::check_suspect(std::uint8_t o) {
    const Agent& agent = *world_.agents[o];
    const EtcdData* data = world_.cluster.data(o);
    const auto leader = world_.cluster.able_leader();
    auto& suspect = suspect_[o];
    if (!suspect || !agent.alive() || suspect->life != agent.life()) return suspect.reset();
    const bool so = leader && data != nullptr && data->id == suspect->id &&
                    suspect->list == list_of(*leader) && truly_differs(o);
    if (so) ++findings_.counts.suspects;
    if (!so || !agent.says_ready()) {
        suspect->ready_since = Instant{};
        return;
    }
    if (suspect->ready_since == Instant{}) suspect->ready_since = world_.kernel.now;
    if (suspect->ready_since + world_.config.policy.probe_period > world_.kernel.now) return;
    findings_.report("S14", name(o) + " says that it is ready, and its agent was told that its " +
                                "content differs");
    suspect.reset();  // told once
}

}  // namespace quorate::sim
