// What the simulated host promises: its API servers show each agent their own past, a claim
// outlives its pods, and names lead to where a replica was until the resolver knows better.
#include <gtest/gtest.h>

#include "sim/run/run.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

Config quick(std::uint32_t replicas = 3) {
    Config config;
    config.desired.replicas = replicas;
    config.policy = quick_policy();
    return config;
}

std::uint64_t felt(const World& world, Fault fault) {
    return world.faults.counts()[static_cast<std::size_t>(fault)].felt;
}

std::uint32_t desired_by(const World& world, std::uint8_t o) {
    return world.agents[o]->state().facts.desired->replicas;
}

// All of them at server 0.
World& settled(World& world) {
    world.run_for(seconds(20));
    EXPECT_TRUE(world.steady()) << world.why_not_steady();
    for (std::uint8_t o = 0; o < World::size; ++o)
        world.agents[o]->fail_over(0);
    return world;
}

TEST(Api, AnAgentHearsWhatItsServerShows) {
    World world(quick());
    settled(world);
    world.suffer("stale cache 1 20");
    world.agents[0]->fail_over(1);
    world.scale(4);
    world.run_for(seconds(2));
    EXPECT_EQ(3U, desired_by(world, 0));
    EXPECT_EQ(4U, desired_by(world, 1));
    EXPECT_FALSE(world.api.shows_now(0));
    world.run_for(seconds(20));
    EXPECT_EQ(4U, desired_by(world, 0));
}

TEST(Api, AnotherServerMayShowWhatWasBefore) {
    World world(quick());
    settled(world);
    world.suffer("stale cache 1 20");
    world.scale(4);
    world.run_for(seconds(2));
    ASSERT_EQ(4U, desired_by(world, 0));
    world.agents[0]->fail_over(1);
    world.run_for(milliseconds(100));
    EXPECT_EQ(3U, desired_by(world, 0));
    EXPECT_GT(felt(world, Fault::fail_over), 0U);
    world.end_faults();
    world.run_for(seconds(1));
    EXPECT_EQ(4U, desired_by(world, 0)) << "no cache is behind any more";
}

TEST(Api, ACacheShowsNoMoreThanTheHostKeeps) {
    Store store;
    Api api;
    const std::uint64_t first = api.note(store, true);
    EXPECT_TRUE(api.show(0, first));
    EXPECT_FALSE(api.show(0, first)) << "shown already";
    for (int i = 0; i < 100; ++i)
        api.note(store, true);
    EXPECT_EQ(nullptr, api.version(first));
    EXPECT_GT(api.shown_to(0).number, first);
    EXPECT_LT(api.shown_to(0).number, api.newest());
}

TEST(Api, WhatIsWrittenGoesToTheStoreWhateverTheCachesShow) {
    World world(quick());
    settled(world);
    for (const char* fault : {"stale cache 0 60", "stale cache 1 60", "stale cache 2 60"})
        world.suffer(fault);
    const RecordRevision before = world.store.record->revision;
    world.kill_etcd(1);  // what starts again is written down
    world.run_for(seconds(20));
    EXPECT_LT(before, world.store.record->revision);
}

TEST(Api, AMemberGoesOnlyByWhatTheStoreItselfDesires) {
    World world(quick());
    settled(world);
    world.suffer("stale cache 1 120");
    world.scale(5);
    world.run_for(seconds(2));
    world.agents[4]->fail_over(0);
    for (int i = 0; i < 400 && !world.steady(); ++i)
        world.run_for(milliseconds(100));
    ASSERT_TRUE(world.steady()) << world.why_not_steady();
    for (std::uint8_t o = 0; o < 5; ++o)
        world.agents[o]->fail_over(1);
    world.run_for(milliseconds(10));
    ASSERT_EQ(3U, desired_by(world, 0));
    world.run_for(seconds(30));
    const auto leader = world.cluster.able_leader();
    ASSERT_TRUE(leader);
    EXPECT_EQ(5U, world.cluster.process(*leader).conf.size());
    world.end_faults();
    world.run_for(seconds(20));
    EXPECT_TRUE(world.steady()) << world.why_not_steady();
}

TEST(Api, NobodyIsToldWhatIsDesiredWhileThereIsNoSet) {
    World world(quick());
    settled(world);
    world.suffer("orphan set");
    world.scale(5);
    world.run_for(seconds(5));
    EXPECT_EQ(3U, desired_by(world, 0));
    EXPECT_EQ(Pod::Phase::absent, world.pods[3].phase);
    world.end_faults();
    world.run_for(seconds(5));
    EXPECT_EQ(5U, desired_by(world, 0));
}

TEST(Claim, OneThatIsDeletedStaysWhileItsPodRuns) {
    World world(quick());
    settled(world);
    EXPECT_TRUE(world.suffer("delete claim 2"));
    EXPECT_FALSE(world.suffer("delete claim 2")) << "it ends already";
    world.run_for(seconds(20));
    EXPECT_TRUE(world.volumes[2].data);
    EXPECT_EQ(0U, felt(world, Fault::delete_claim));
    world.delete_pod(2);
    world.run_for(seconds(20));
    EXPECT_EQ(1U, felt(world, Fault::delete_claim));
    EXPECT_TRUE(world.claims[2].usable()) << "its pod was made with another";
}

TEST(Claim, WhatStillEndsWhenTheFaultsDoEndsWithThem) {
    World world(quick());
    settled(world);
    world.suffer("delete claim 2");
    world.suffer("stuck claim 1");
    world.end_faults();
    EXPECT_EQ(2U, felt(world, Fault::delete_claim));
    EXPECT_FALSE(world.volumes[1].data || world.volumes[2].data);
}

TEST(Claim, NoPodStartsOnOneThatEndsOrHasNoVolume) {
    for (const char* fault : {"stuck claim 1", "unbound claim 1", "multi-attach 1", "no image 1"}) {
        World world(quick());
        settled(world);
        world.suffer(fault);
        world.suffer("strip claim 1");  // so that a new pod wants a new claim
        world.run_for(seconds(10));
        EXPECT_EQ(Pod::Phase::absent, world.pods[1].phase) << fault;
        world.end_faults();
        world.run_for(seconds(10));
        EXPECT_EQ(Pod::Phase::running, world.pods[1].phase) << fault;
    }
}

TEST(Pod, OneThatWasDeletedByForceKeepsTheNextOutWhileItLives) {
    World world(quick());
    settled(world);
    const std::uint64_t life = world.agents[1]->life();
    ASSERT_TRUE(world.suffer("force delete 1"));
    world.run_for(seconds(30));
    EXPECT_EQ(life, world.agents[1]->life()) << "the first one still runs";
    EXPECT_NE(Pod::Phase::running, world.pods[1].phase);
    EXPECT_GT(felt(world, Fault::force_delete), 2U) << "the lock was tried";
    world.end_faults();
    world.run_for(seconds(20));
    EXPECT_NE(life, world.agents[1]->life());
    EXPECT_EQ(Pod::Phase::running, world.pods[1].phase);
}

TEST(Pod, ABudgetOfOneEvictsOneAtATime) {
    World world(quick());
    settled(world);
    world.suffer("drain 1");
    world.suffer("drain 2");
    world.run_for(seconds(30));
    EXPECT_EQ(1, (world.pods[1].phase == Pod::Phase::absent) +
                     (world.pods[2].phase == Pod::Phase::absent));
}

TEST(Pod, ARolloutMakesEachAnewTheHighestFirst) {
    World world(quick());
    settled(world);
    const auto life = [&](std::uint8_t o) { return world.agents[o]->life(); };
    const std::uint64_t before[] = {life(0), life(1), life(2)};
    world.suffer("rollout");
    world.run_for(seconds(3));
    EXPECT_NE(before[2], life(2));
    EXPECT_EQ(before[0], life(0));
    world.run_for(minutes(2));
    for (std::uint8_t o = 0; o < 3; ++o)
        EXPECT_NE(before[o], life(o));
    EXPECT_EQ(3U, felt(world, Fault::rollout));
}

TEST(Names, ANewPodIsLookedForAtItsOldAddress) {
    World world(quick());
    settled(world);
    world.suffer("stale name 1 30");
    EXPECT_TRUE(world.network.whole());
    world.kill_agent(1);
    world.run_for(seconds(5));
    EXPECT_TRUE(world.network.whole()) << "a container that starts again keeps its pod's address";
    world.delete_pod(1);
    world.run_for(seconds(3));
    EXPECT_FALSE(world.network.whole());
    EXPECT_TRUE(world.network.hears(1, 0)) << "who is new asks, and is told right";
    world.run_for(seconds(40));
    EXPECT_TRUE(world.network.whole()) << "no answer is kept for longer";
}

TEST(Names, WhoSearchesWhenTheFaultsEndFindsAtOnce) {
    for (const char* fault : {"stale name 1 60", "failing names 80", "slow names 20"}) {
        World world(quick());
        settled(world);
        world.suffer(fault);
        world.delete_pod(1);
        world.run_for(seconds(2));
        EXPECT_FALSE(world.network.whole()) << fault;
        world.end_faults();
        EXPECT_TRUE(world.network.whole()) << fault;
    }
}

// A fault that changes nothing in any life proves nothing (3.10).
TEST(Faults, WhatTheHostSuffersIsMetInSomeLife) {
    std::array<Episodes::Count, faults_count> sum{};
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        RunOptions options;
        options.seed = seed;
        const RunVerdict verdict = run_seed(options);
        for (std::size_t i = 0; i < faults_count; ++i) {
            sum[i].took += verdict.injected[i].took;
            sum[i].felt += verdict.injected[i].felt;
        }
    }
    for (auto i = static_cast<std::size_t>(Fault::drop_watch);
         i <= static_cast<std::size_t>(Fault::slow_names); ++i) {
        const FaultKind& kind = kind_of(static_cast<Fault>(i));
        const bool by_itself = kind.fault == Fault::strip_claim ||
                               kind.fault == Fault::stuck_claim ||
                               kind.fault == Fault::multi_attach ||
                               kind.fault == Fault::zone_loss || kind.fault == Fault::orphan_set;
        EXPECT_GT(sum[i].took, 0U) << kind.verb;
        EXPECT_TRUE(by_itself || sum[i].felt > 0) << kind.verb << " was met by nobody";
    }
}

}  // namespace
}  // namespace quorate::sim
