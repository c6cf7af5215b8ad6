// The oracles of identity, content, knowledge and progress bite: each hears the mistake that it is
// there for, and is silent where there is none.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

using Core = Step (*)(State, const Event&);

bool found(const World& world, const std::string& id) {
    const auto& all = world.oracles.found();
    return std::any_of(all.begin(), all.end(), [&](const Violation& one) { return one.id == id; });
}

Config quick(Core core = &step) {
    Config config;
    config.policy = quick_policy();
    config.step = core;
    return config;
}

// Three replicas that are as desired, and then suffer.
bool hears(const char* id, Core core, const char* fault, Span then) {
    World world(quick(core));
    world.run_for(seconds(20));
    EXPECT_TRUE(world.steady());
    world.suffer(fault);
    world.run_for(then);
    return found(world, id);
}

TEST(Oracle, S10BitesWhenACopyRunsBesideItsOriginal) {
    World world(quick());
    world.run_for(seconds(20));
    const StartEtcd how = world.cluster.process(1).start;
    world.suffer("hold 1");
    EXPECT_FALSE(found(world, "S10"));
    world.volumes[1] = world.volumes[0];
    world.cluster.start(1, how);
    world.run_for(seconds(2));
    EXPECT_TRUE(found(world, "S10"));
}

TEST(Oracle, S10BitesWhenTheRecordGivesOneIdTwice) {
    World world(quick());
    world.run_for(seconds(20));
    ClusterRecord record = *world.store.record;
    EXPECT_FALSE(found(world, "S10"));
    record.replicas[Ordinal{1}].member_id = record.replicas[Ordinal{0}].member_id;
    world.oracles.recorded(record);
    EXPECT_TRUE(found(world, "S10"));
}

Step compares_nothing(State state, const Event& event) {
    Step result = step(std::move(state), event);
    std::erase_if(result.decision.commands, [](const Command& command) {
        return std::holds_alternative<CompareContent>(command.body);
    });
    return result;
}

TEST(Oracle, S14BitesWhenNobodyComparesTheVoters) {
    EXPECT_TRUE(hears("S14", compares_nothing, "change 1", minutes(1)));
    EXPECT_FALSE(hears("S14", &step, "change 1", minutes(1)));
}

Step hears_no_silence(State state, const Event& event) {
    Event told = event;
    if (auto* probed = std::get_if<ReplicaProbed>(&told.observation))
        if (!probed->status.serves && event.at > Instant{} + seconds(15))
            told.observation = TimerFired{};
    return step(std::move(state), told);
}

TEST(Oracle, S15BitesWhenOneThatIsCutOffIsStillReady) {
    EXPECT_TRUE(hears("S15", hears_no_silence, "partition 0 | 1 2", seconds(20)));
    EXPECT_FALSE(hears("S15", &step, "partition 0 | 1 2", seconds(20)));
}

TEST(Oracle, S22BitesWhenAnAgentIsToldOfAnEtcdThatItDoesNotHear) {
    World world(quick());
    world.run_for(seconds(20));
    const ReplicaProbed seen{Ordinal{1}, world.cluster.status(1)};
    world.agents[0]->post(seen);
    EXPECT_FALSE(found(world, "S22"));
    world.suffer("partition 0 | 1");
    world.agents[0]->post(seen);
    EXPECT_TRUE(found(world, "S22"));
}

Step hears_no_alarm(State state, const Event& event) {
    Event told = event;
    if (auto* probed = std::get_if<ReplicaProbed>(&told.observation)) {
        probed->status.alarm_corrupt = false;
        probed->status.accused.clear();
    }
    return step(std::move(state), told);
}

TEST(Oracle, L4BitesWhenNobodyHearsTheAlarm) {
    EXPECT_TRUE(hears("L4", hears_no_alarm, "accuse 1", minutes(1)));
    EXPECT_FALSE(hears("L4", &step, "accuse 1", minutes(1)));
}

Step waits_without_end(State state, const Event& event) {
    Event told = event;
    if (auto* started = std::get_if<AgentStarted>(&told.observation)) {
        started->settings.policy.learner_stuck_after = minutes(60);
        started->settings.policy.unresponsive_after = minutes(60);
    }
    return step(std::move(state), told);
}

bool a_lost_learner_is_overlooked(Core core) {
    World world(quick(core));
    world.run_for(seconds(20));
    world.scale(4);
    const auto learns = [&] {
        const auto leader = world.cluster.able_leader();
        if (!leader) return false;
        const auto& conf = world.cluster.process(*leader).conf;
        return std::any_of(conf.begin(), conf.end(), [](const View& view) { return view.learner; });
    };
    for (int i = 0; i < 20'000 && !learns(); ++i)
        world.run_for(milliseconds(1));
    EXPECT_TRUE(learns());
    world.suffer("hold 3");
    world.run_for(minutes(2));
    return found(world, "L4");
}

TEST(Oracle, L4BitesWhenALearnerIsWaitedForWithoutEnd) {
    EXPECT_TRUE(a_lost_learner_is_overlooked(waits_without_end));
    EXPECT_FALSE(a_lost_learner_is_overlooked(&step));
}

// It is never told what an examination found.
Step examines_in_vain(State state, const Event& event) {
    Event told = event;
    if (auto* ended = std::get_if<CommandEnded>(&told.observation))
        if (std::holds_alternative<DiskReport>(ended->brought) &&
            event.at > Instant{} + seconds(15))
            told.observation = TimerFired{};
    return step(std::move(state), told);
}

TEST(Oracle, L4BitesWhenAStrangeVolumeIsNeverLookedInto) {
    EXPECT_TRUE(hears("L4", examines_in_vain, "clone 0 1", minutes(2)));
    EXPECT_FALSE(hears("L4", &step, "clone 0 1", minutes(2)));
}

Step removes_nobody(State state, const Event& event) {
    Step result = step(std::move(state), event);
    std::erase_if(result.decision.commands, [](const Command& command) {
        return std::holds_alternative<RemoveMember>(command.body);
    });
    return result;
}

TEST(Oracle, L6BitesWhenThreeDoNotBecomeOne) {
    EXPECT_TRUE(hears("L6", removes_nobody, "scale 1", minutes(3)));
    EXPECT_FALSE(hears("L6", &step, "scale 1", minutes(3)));
}

Step stops_without_the_api(State state, const Event& event) {
    Step result = step(std::move(state), event);
    const auto* ended = std::get_if<CommandEnded>(&event.observation);
    const auto* refused = ended == nullptr ? nullptr : std::get_if<Refused>(&ended->outcome);
    if (refused != nullptr && refused->refusal == Refusal::not_reachable)
        result.next.facts.stop_requested = true;
    return result;
}

TEST(Oracle, L8BitesWhenAnEtcdIsStoppedForWantOfTheApi) {
    EXPECT_TRUE(hears("L8", stops_without_the_api, "api outage", minutes(1)));
    EXPECT_FALSE(hears("L8", &step, "api outage", minutes(1)));
}

Step never_tries_again(State state, const Event& event) {
    Step result = step(std::move(state), event);
    if (result.next.repair.phase != RepairPhase::idle)
        result.next.repair.retry_at = result.next.now + minutes(60);
    return result;
}

TEST(Oracle, L11BitesWhenARepairIsForgotten) {
    EXPECT_TRUE(hears("L11", never_tries_again, "wipe 2", minutes(2)));
    EXPECT_FALSE(hears("L11", &step, "wipe 2", minutes(2)));
}

TEST(Oracle, L11BitesWhenACommandEndsTwice) {
    World world(quick());
    world.run_for(seconds(1));
    Agent& agent = *world.agents[0];
    for (int i = 0; i < 20'000 && agent.state().in_flight.empty(); ++i)
        world.run_for(milliseconds(1));
    ASSERT_FALSE(agent.state().in_flight.empty());
    const CommandEnded ended{agent.state().in_flight.begin()->first, Unknown{"twice"}, {}};
    agent.post(ended);
    EXPECT_FALSE(found(world, "L11"));
    agent.post(ended);
    EXPECT_TRUE(found(world, "L11"));
}

// S22: what only the oracles know reaches nobody.
TEST(Simulation, WhatTheOraclesBelieveChangesNoLife) {
    std::uint64_t digests[2] = {};
    for (const bool lied_to : {false, true}) {
        World world(quick());
        world.run_for(seconds(20));
        if (lied_to)
            for (std::uint8_t o = 0; o < World::size; ++o)
                world.oracles.losing(o);
        world.suffer("wipe 2");
        world.suffer("accuse 1");
        world.run_for(minutes(1));
        digests[lied_to ? 1 : 0] = world.kernel.digest;
    }
    EXPECT_EQ(digests[0], digests[1]);
}

}  // namespace
}  // namespace quorate::sim
