// The faults of the enumeration. Their times are those of the quick policy: longer than its lease,
// its limit for the silent and its patience with a lost quorum.
#include <algorithm>

#include "sim/enumerate/enumerate.hpp"

namespace quorate::sim {
namespace {

using Told = std::vector<Episode>;

constexpr Span brief = seconds(1);
constexpr Span longer_than_the_lease = seconds(9);
constexpr Span longer_than_every_limit = seconds(15);

const std::vector<Edge> of_a_stop = {Edge::before_commit, Edge::after_commit, Edge::in_flight,
                                     Edge::after_effect};
const std::vector<Edge> of_the_rest = {Edge::after_release, Edge::in_flight, Edge::after_effect};
const std::vector<Edge> of_a_way = {Edge::after_release};

Episode of(Fault fault, std::uint8_t one, Span lasts = {}, std::uint32_t number = 0) {
    Episode episode;
    episode.fault = fault;
    episode.one = one;
    episode.lasts = lasts;
    episode.number = number;
    return episode;
}

Episode cut_off(std::uint8_t one, Span lasts) {
    Episode episode = of(Fault::partition, 0, lasts);
    const std::uint32_t everybody = (1U << World::size) - 1;
    episode.left = static_cast<std::uint16_t>(1U << one);
    episode.right = static_cast<std::uint16_t>(everybody & ~(1U << one));
    return episode;
}

// One fault at the replica of the agent that gives the command.
auto there(Fault fault, Span lasts = {}, std::uint32_t number = 0) {
    return [=](const Reference&, const Released& command) {
        return Told{of(fault, command.agent, lasts, number)};
    };
}

// One that asks for no replica.
auto everywhere(Fault fault, Span lasts = {}, std::uint32_t number = 0) {
    return [=](const Reference&, const Released&) { return Told{of(fault, 0, lasts, number)}; };
}

Told everybody_dies(const Reference&, const Released&) {
    Told all;
    for (std::uint8_t o = 0; o < World::size; ++o)
        all.push_back(of(Fault::kill_agent, o));
    return all;
}

Told replica_is_cut_off(const Reference&, const Released& command) {
    return {cut_off(command.agent, longer_than_every_limit),
            of(Fault::cut_store, command.agent, longer_than_every_limit)};
}

Told leader_is_cut_off(const Reference&, const Released& command) {
    if (command.members < 2) return {};  // nobody leads, or nobody is there to be cut off from
    return {cut_off(*command.leader, longer_than_every_limit)};
}

// To what it was half-way between the beginning of the story and this boundary.
Told volume_is_rolled_back(const Reference& reference, const Released& command) {
    const auto& told = reference.tape.episodes;
    const Span begin = told.empty() ? Span{} : told.front().at;
    Episode save = of(Fault::save, command.agent);
    const Span at = command.at - Kernel(reference.tape.seed).now;
    save.at = Span{(begin.us + at.us) / 2 / 1'000 * 1'000};
    return {save, of(Fault::roll_back, command.agent)};
}

}  // namespace

const std::vector<BoundaryFault>& boundary_faults() {
    using enum Fault;
    static const std::vector<BoundaryFault> all = {
        {"agent-dies", of_a_stop, there(kill_agent)},
        {"etcd-dies", of_the_rest, there(kill_etcd)},
        {"replica-dies", of_a_stop, there(hold, longer_than_every_limit)},
        {"power-loss", of_a_stop, everybody_dies},
        {"request-lost", of_a_way, everywhere(lose_request)},
        {"answer-lost", of_a_way, everywhere(lose_answer)},
        {"store-conflicts", of_a_way, everywhere(conflicts, brief, 100)},
        {"store-refuses", of_a_way, everywhere(api_outage, brief)},
        {"store-away", of_the_rest, everywhere(api_outage, longer_than_every_limit)},
        {"replica-cut-off", of_the_rest, replica_is_cut_off},
        {"leader-cut-off", of_the_rest, leader_is_cut_off},
        {"volume-wiped", of_a_stop, there(wipe)},
        {"volume-rolled-back", of_a_stop, volume_is_rolled_back},
        {"disk-slow", of_the_rest, there(hang_etcd, longer_than_the_lease)},
        {"agent-frozen", of_the_rest, there(pause_agent, longer_than_the_lease)},
        {"replica-frozen", of_the_rest, there(freeze, longer_than_the_lease)},
        {"clock-jumps", of_the_rest, there(jump, {}, 60)},
    };
    return all;
}

const BoundaryFault* boundary_fault(const std::string& name) {
    const auto& all = boundary_faults();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const BoundaryFault& one) { return name == one.name; });
    return found == all.end() ? nullptr : &*found;
}

const std::vector<const BoundaryFault*>& pair_faults() {
    static const std::vector<const BoundaryFault*> few = {
        boundary_fault("agent-dies"), boundary_fault("etcd-dies"), boundary_fault("answer-lost"),
        boundary_fault("leader-cut-off")};
    return few;
}

}  // namespace quorate::sim
