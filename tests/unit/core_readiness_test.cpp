// When a replica counts as ready (S14, S15), and when it only waits for those after it.
#include "core/rules/readiness.hpp"

#include <gtest/gtest.h>

#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

bool ready(const State& state) {
    return is_ready(state, test::serving_status(state.facts.settings.self.value));
}
bool waits(const State& state) { return awaits_peers(state, MemberStatus{}); }

TEST(Readiness, IsALinearizableReadThroughAnEtcdThatRuns) {
    State state = test::state();
    EXPECT_TRUE(ready(state));
    EXPECT_FALSE(is_ready(state, test::learner_status(0)));
    EXPECT_FALSE(is_ready(state, MemberStatus{}));
    state.facts.etcd_running = false;
    EXPECT_FALSE(ready(state)) << "what was answered before it ended";
}

TEST(Readiness, EndsWhereTheOwnContentIsSuspect) {
    State state = test::state();
    state.facts.diverged[test::member_id(0)] = "";
    EXPECT_FALSE(ready(state)) << "a majority holds other content";
    state = test::state();
    state.facts.judged.verdict = HashVerdict::undecided;
    EXPECT_FALSE(ready(state)) << "nobody can say who is right";
    state = test::state();
    state.facts.probes[Ordinal{2}].status.accused = {test::member_id(0)};
    EXPECT_FALSE(ready(state)) << "etcd accuses it";
}

TEST(Readiness, SuffersNotFromAnothersContent) {
    State state = test::state();
    state.facts.judged.verdict = HashVerdict::minority;
    state.facts.diverged[test::member_id(1)] = "";
    state.facts.probes[Ordinal{2}].status.accused = {test::member_id(1), MemberId{}};
    EXPECT_TRUE(ready(state));
}

TEST(AwaitsPeers, WhoIsReadyDoesNot) {
    const State state = test::state();
    EXPECT_FALSE(awaits_peers(state, test::serving_status(0)));
}

TEST(AwaitsPeers, UntilThoseUpToItAreAQuorum) {
    EXPECT_TRUE(waits(test::state(0)));
    EXPECT_FALSE(waits(test::state(1)));
    State state = test::state(0);
    state.facts.etcd_running = false;
    EXPECT_FALSE(waits(state)) << "it has not done its part";
}

// Its record is from before others were let in, and it is the only one that was made so far.
TEST(AwaitsPeers, AFounderThatRunsAndCannotServe) {
    State state = test::state(0);
    state.facts.record->stage = RecordStage::forming;
    state.facts.record->founders = {Ordinal{0}};
    state.facts.none_serves_since = state.now;
    EXPECT_FALSE(waits(state)) << "it has just begun";
    state.facts.none_serves_since = state.now - state.facts.settings.policy.quorum_lost_after;
    EXPECT_TRUE(waits(state));
    state.facts.etcd_running = false;
    EXPECT_FALSE(waits(state)) << "it has not done its part";
}

TEST(AwaitsPeers, WhileTheQuorumIsLostOrTheClusterParked) {
    State state = test::state(1);
    for (const ClusterPhase phase : {ClusterPhase::quorum_lost, ClusterPhase::parked}) {
        state.cluster.phase = phase;
        EXPECT_TRUE(waits(state));
    }
}

TEST(AwaitsPeers, AsOneThatAsksAndNobodyServes) {
    State state = test::state(1);
    state.replica.phase = ReplicaPhase::awaiting_admission;
    EXPECT_FALSE(waits(state));
    state.facts.probes.clear();
    EXPECT_TRUE(waits(state));
}

TEST(AwaitsPeers, ForTheSurvivorOfARebuildThatComesLater) {
    State state = test::state(1);
    state.facts.record->rebuild = Rebuild{Ordinal{2}, {}, {}, "token"};
    EXPECT_TRUE(waits(state));
    state.facts.record->rebuild->survivor = Ordinal{0};
    EXPECT_FALSE(waits(state));
}

TEST(AwaitsPeers, ForFoundersThatComeLater) {
    State state = test::state(0);
    state.facts.record->stage = RecordStage::forming;
    state.facts.record->founders = {Ordinal{0}};
    EXPECT_FALSE(waits(state)) << "it founds itself";
    state.facts.record->founders = {Ordinal{0}, Ordinal{1}};
    EXPECT_TRUE(waits(state)) << "named while replicas were made all at once";
    state.facts.record->founders = {Ordinal{1}, Ordinal{2}};
    EXPECT_TRUE(waits(state));
    state.facts.record->stage = RecordStage::gathering;
    EXPECT_FALSE(waits(state));
}

// A missing replica may hold the copy that decides (scenarios/repair, a third voice).
TEST(AwaitsPeers, WhoseContentNobodyCanJudgeWaitsForAnother) {
    State state = test::state(1);
    state.facts.judged.verdict = HashVerdict::undecided;
    EXPECT_TRUE(awaits_peers(state, test::serving_status(1)));
}

}  // namespace
}  // namespace quorate
