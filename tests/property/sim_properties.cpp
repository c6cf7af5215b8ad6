// The simulator's own promises: the same seed is the same life, a few hundred lives keep every
// invariant, and each oracle bites when the world or the core is broken on purpose.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "sim/run/run.hpp"
#include "sim/script/script.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

bool found(const World& world, const std::string& id) {
    const auto& all = world.oracles.found();
    return std::any_of(all.begin(), all.end(), [&](const Violation& one) { return one.id == id; });
}

Config quick(std::uint32_t replicas = 3) {
    Config config;
    config.desired.replicas = replicas;
    config.policy = quick_policy();
    return config;
}

TEST(Simulation, TheSameSeedIsTheSameLife) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        RunOptions options;
        options.seed = seed;
        options.until = seconds(120);
        EXPECT_EQ(run_seed(options).digest, run_seed(options).digest) << "seed " << seed;
    }
}

TEST(Simulation, AnotherSeedIsAnotherLife) {
    RunOptions one;
    RunOptions other;
    other.seed = 2;
    EXPECT_NE(run_seed(one).digest, run_seed(other).digest);
}

TEST(Simulation, AJournalFoldsToWhatItsAgentKnowsHoweverLongTheLife) {
    World world(quick());
    world.run_for(minutes(50));
    for (std::uint8_t o = 0; o < 3; ++o) {
        const Journal& journal = world.volumes[o].journal;
        EXPECT_GE(journal.records.size(), Journal::records_least);
        EXPECT_LE(journal.records.size(), Journal::records_most);
        EXPECT_GT(journal.folded.seq, EventSeq{Journal::records_most});
        State state = journal.folded;
        for (const Record& record : journal.records)
            state = step(std::move(state), record.event).next;
        EXPECT_EQ(state, world.agents[o]->state()) << "replica " << int{o};
    }
}

TEST(Simulation, EveryLifeKeepsTheInvariantsAndSettles) {
    const bool longer = std::getenv("QUORATE_LONG") != nullptr;
    OracleCounts sum;
    std::uint64_t parked = 0;
    const std::uint64_t lives = longer ? 20'000 : 300;
    for (std::uint64_t seed = 1; seed <= lives; ++seed) {
        RunOptions options;
        options.seed = seed;
        const RunVerdict verdict = run_seed(options);
        EXPECT_TRUE(verdict.good()) << "seed " << seed << ": " << verdict.what;
        parked += verdict.ending == Ending::parked ? 1 : 0;
        sum.voters_out += verdict.counts.voters_out;
        sum.able += verdict.counts.able;
        sum.leaders += verdict.counts.leaders;
        sum.restarts += verdict.counts.restarts;
        sum.promotions += verdict.counts.promotions;
        sum.released += verdict.counts.released;
        sum.replayed += verdict.counts.replayed;
    }
    // No check was vacuous.
    EXPECT_GT(sum.voters_out, lives / 2);
    EXPECT_GT(sum.able, lives);
    EXPECT_GT(sum.leaders, lives);
    EXPECT_GT(sum.restarts, lives);
    EXPECT_GT(sum.promotions, lives / 2);
    EXPECT_GT(sum.released, lives * 50);
    EXPECT_GT(sum.replayed, lives * 100);
    EXPECT_LT(parked, lives / 3) << "most lives end as desired";
}

// Each oracle bites.

Step removes_too_much(State state, const Event& event) {
    Step result = step(std::move(state), event);
    for (Command& command : result.decision.commands)
        if (auto* remove = std::get_if<RemoveMember>(&command.body))
            for (const ListedMember& member : result.next.facts.list->members)
                if (member.peer_urls.front() == Cluster::peer_url(0)) remove->member_id = member.id;
    return result;
}

TEST(Oracle, S1BitesWhenALivingVoterIsRemovedBesideALostOne) {
    Config config = quick();
    config.step = removes_too_much;
    World world(config);
    world.run_for(seconds(20));
    world.wipe(2);
    world.run_for(seconds(30));
    EXPECT_TRUE(found(world, "S1"));
}

Step removes_a_voter_instead_of_promoting(State state, const Event& event) {
    Step result = step(std::move(state), event);
    for (Command& command : result.decision.commands)
        if (const auto* promote = std::get_if<PromoteMember>(&command.body))
            for (const ListedMember& member : result.next.facts.list->members)
                if (member.peer_urls.front() == Cluster::peer_url(1)) {
                    command.body = RemoveMember{promote->via, member.id, promote->fence};
                    break;
                }
    return result;
}

TEST(Oracle, S2BitesWhenAVoterIsRemovedBesideALearner) {
    Config config = quick();
    config.step = removes_a_voter_instead_of_promoting;
    World world(config);
    world.run_for(seconds(20));
    EXPECT_TRUE(world.steady());
    world.scale(4);
    world.run_for(seconds(20));
    EXPECT_TRUE(found(world, "S2"));
}

// What S1 means by live (simulator.md 3.5, H): neither a death that nobody could know of yet, nor a
// disk that was lost under an identity it has no more.

std::uint8_t leader_of(const World& world) { return world.cluster.able_leader().value_or(0); }

MemberId member_at(const World& world, std::uint8_t o) {
    for (const View& view : world.cluster.process(leader_of(world)).conf)
        if (view.ordinal == o) return view.id;
    return {};
}

TEST(Oracle, S1CountsAVoterThatServedUntilAnInstantAgo) {
    World world(quick());
    world.run_for(seconds(20));
    world.suffer("hold 2");
    world.suffer("partition 0 | 1");
    world.run_for(seconds(5));
    const MemberId gone = member_at(world, 2);
    world.faults.end(Family::network);
    const auto follower = [&] { return static_cast<std::uint8_t>(1 - leader_of(world)); };
    const auto serve = [&] {
        return world.cluster.able_leader() && world.cluster.serves(follower());
    };
    for (int i = 0; i < 20'000 && !serve(); ++i)
        world.run_for(milliseconds(1));
    const std::uint8_t leader = leader_of(world);
    world.kill_etcd(follower());
    world.run_for(milliseconds(20));
    world.oracles.removal_asked(leader, gone);
    EXPECT_FALSE(found(world, "S1"));
}

TEST(Oracle, S1CountsADiskThatWasLostUnderAnEarlierIdentity) {
    World world(quick());
    world.run_for(seconds(20));
    const MemberId before = member_at(world, 1);
    world.wipe(1);
    const auto joined = [&] {
        const MemberId now = member_at(world, 1);
        return now != before && now.value != 0 && world.cluster.serves(1);
    };
    for (int i = 0; i < 60'000 && !joined(); ++i)
        world.run_for(milliseconds(1));
    world.suffer("hold 2");
    world.oracles.removal_asked(leader_of(world), member_at(world, 2));
    EXPECT_FALSE(found(world, "S1"));
}

TEST(Simulation, AuthorityThatNobodyKnowsToHoldRunsOut) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Config config = quick();
        config.seed = seed;
        World world(config);
        world.run_for(seconds(20));
        world.wipe(2);
        world.suffer("lose-answers 30");
        world.run_for(seconds(40));
        world.end_faults();
        world.run_for(minutes(2));
        EXPECT_TRUE(world.store.acquire(World::size, seconds(1), world.kernel.now))
            << "seed " << seed;
    }
}

TEST(Oracle, S3BitesWhenAnEmptyVolumeFoundsAgain) {
    World world(quick());
    world.run_for(seconds(20));
    const StartEtcd how = world.cluster.process(0).start;
    for (std::uint8_t o = 0; o < 3; ++o) {
        world.suffer("hold " + std::to_string(int{o}));
        world.volumes[o].data.reset();
    }
    world.cluster.start(0, how);
    world.run_for(seconds(5));
    EXPECT_TRUE(found(world, "S3"));
}

TEST(Oracle, S4BitesWhenTwoEmptyVolumesLeadTheThird) {
    World world(quick());
    world.run_for(seconds(20));
    const StartEtcd how = world.cluster.process(0).start;
    for (std::uint8_t o = 0; o < 3; ++o)
        world.suffer("hold " + std::to_string(int{o}));
    for (std::uint8_t o = 0; o < 2; ++o) {
        world.volumes[o].data.reset();
        world.cluster.start(o, how);
    }
    world.run_for(seconds(20));
    EXPECT_TRUE(found(world, "S4"));
}

TEST(Oracle, S5BitesWhenARolledBackVolumeRuns) {
    World world(quick());
    world.run_for(seconds(20));
    const EtcdData before = *world.volumes[1].data;
    const StartEtcd how = world.cluster.process(1).start;
    world.run_for(seconds(20));
    world.suffer("hold 1");
    world.volumes[1].data = before;
    world.cluster.start(1, how);
    world.run_for(seconds(5));
    EXPECT_TRUE(found(world, "S5"));
}

// Every comparison says "equal".
Step believes_any_content(State state, const Event& event) {
    Event told = event;
    if (auto* ended = std::get_if<CommandEnded>(&told.observation))
        if (auto* compared = std::get_if<ContentCompared>(&ended->brought))
            for (auto& [ordinal, hash] : compared->hashes)
                hash.hash = 1;
    return step(std::move(state), told);
}

// Runs to the moment when the new replica's volume holds a write, changes that write behind its
// back, and goes on: raft is in sync, the content is not.
bool promotes_other_content(Step (*core)(State, const Event&)) {
    Config config = quick();
    config.step = core;
    World world(config);
    world.run_for(seconds(20));
    EXPECT_TRUE(world.steady());
    world.scale(4);
    bool changed = false;
    for (int i = 0; i < 20'000 && !changed; ++i) {
        world.run_for(milliseconds(1));
        if (!world.volumes[3].data) continue;
        for (LogEntry& entry : world.volumes[3].data->log)
            if (entry.kind == EntryKind::write && !changed) {
                entry.payload += 1'000'000;
                changed = true;
            }
    }
    EXPECT_TRUE(changed);
    world.cluster.end(3, ExitClass::killed);  // it applies its log anew
    world.run_for(seconds(8));
    return found(world, "S9");
}

TEST(Oracle, S9BitesWhenALearnerWithOtherContentIsPromoted) {
    EXPECT_TRUE(promotes_other_content(believes_any_content));
    EXPECT_FALSE(promotes_other_content(&step));
}

TEST(Oracle, S16BitesWhenACommandRunsBeforeItsRecord) {
    Config config = quick();
    config.forgets_to_commit = true;
    World world(config);
    world.run_for(seconds(5));
    EXPECT_TRUE(found(world, "S16"));
}

Step with_a_memory_of_its_own(State state, const Event& event) {
    Step result = step(std::move(state), event);
    if (event.seq.value % 7 == 0 && !result.decision.hits.empty())
        result.decision.hits.front().detail += "?";
    return result;
}

TEST(Oracle, S17BitesWhenADecisionDependsOnMoreThanItsEvent) {
    Config config = quick();
    config.step = with_a_memory_of_its_own;
    World world(config);
    world.run_for(seconds(20));
    world.oracles.finish();
    EXPECT_TRUE(found(world, "S17"));
}

Step never_wakes(State state, const Event& event) {
    Step result = step(std::move(state), event);
    std::erase_if(result.decision.commands, [](const Command& command) {
        return std::holds_alternative<AddLearner>(command.body);
    });
    return result;
}

TEST(Oracle, LivenessBitesWhenNobodyIsEverAdded) {
    Config config = quick();
    config.step = never_wakes;
    World world(config);
    world.run_for(seconds(20));
    EXPECT_TRUE(world.steady());
    world.wipe(2);
    world.run_for(minutes(3));
    EXPECT_FALSE(world.steady());
}

}  // namespace
}  // namespace quorate::sim
