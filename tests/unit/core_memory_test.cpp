// What other agents remember of a volume is heard before its etcd starts, and held against it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/explain.hpp"
#include "core/facts/memory.hpp"
#include "core/rules/signals.hpp"
#include "core/step.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using test::is;

constexpr Span wait = seconds(3);

// Agent 1 examines a volume that ends at term 3 index 600; nobody was heard in this life.
State examining() {
    State state = test::state(1);
    Facts& facts = state.facts;
    facts.settings.policy.peers_wait = wait;
    facts.started_at = test::now;
    facts.etcd_running = false;
    facts.disk = test::disk(1);
    facts.examined_at = test::now;
    facts.probes.clear();
    state.authority = AuthorityState{};
    state.cluster = ClusterState{};
    state.replica = ReplicaState{};
    state.volume = VolumeState{};
    state.process = ProcessState{};
    return state;
}

Remembered of_replica_1(std::uint64_t index) {
    return {Epoch{2}, test::member_id(1), Nonce{71}, {Term{3}, LogIndex{index}}};
}

PeerReported report(std::uint32_t from, std::uint64_t sequence = 1) {
    return {Ordinal{from}, {Lineage{"0c6e"}, 50 + from, sequence, {}, {}, {}}};
}
PeerReported remembering(std::uint32_t from, std::uint64_t index) {
    PeerReported told = report(from);
    told.report.others[Ordinal{1}] = of_replica_1(index);
    return told;
}

Step after(const State& state, Observation observation, Span passed = milliseconds(10)) {
    return step(state, {EventSeq{state.seq.value + 1}, state.now + passed, std::move(observation)});
}

template <class Body>
bool holds(const Decision& decision) {
    return std::any_of(
        decision.commands.begin(), decision.commands.end(),
        [](const Command& command) { return std::holds_alternative<Body>(command.body); });
}

bool is_past_examining(const State& state) {
    return state.replica.phase != ReplicaPhase::examining;
}

TEST(PeersMemory, AStartAsksTheOthersAndWaitsForAllThatRun) {
    const Step asked = after(examining(), TimerFired{});
    ASSERT_TRUE(holds<AskPeers>(asked.decision)) << explain(asked.decision);
    EXPECT_TRUE(std::any_of(asked.decision.hits.begin(), asked.decision.hits.end(),
                            [](const RuleHit& hit) { return hit.rule == RuleId::L05; }));
    for (const Command& command : asked.decision.commands) {
        const auto* ask = std::get_if<AskPeers>(&command.body);
        if (ask == nullptr) continue;
        EXPECT_EQ(ask->peers, (std::vector<Ordinal>{Ordinal{0}, Ordinal{2}}));
    }
    EXPECT_FALSE(is_past_examining(asked.next));
    const Step one = after(asked.next, report(0));
    EXPECT_FALSE(is_past_examining(one.next));
    EXPECT_FALSE(holds<AskPeers>(one.decision)) << "once is enough";
    const Step both = after(one.next, report(2));
    EXPECT_EQ(both.next.replica.phase, ReplicaPhase::claiming);
}

TEST(PeersMemory, WhenNobodyAnswersTheRecordAloneDecides) {
    const Step asked = after(examining(), TimerFired{});
    ASSERT_TRUE(asked.next.wake_at);
    EXPECT_LE(*asked.next.wake_at, asked.next.now + wait);
    const Step early = after(asked.next, TimerFired{}, Span{wait.us - 1});
    EXPECT_FALSE(is_past_examining(early.next));
    const Step late = after(asked.next, TimerFired{}, wait);
    EXPECT_EQ(late.next.replica.phase, ReplicaPhase::claiming);
}

// Replica 1 has an empty volume, and the record knows of no start on it.
State unused() {
    State state = examining();
    state.facts.disk = DiskReport{};
    ReplicaEntry& entry = state.facts.record->replicas[Ordinal{1}];
    entry.nonce = Nonce{};
    entry.high_water = {};
    return state;
}

TEST(PeersMemory, NobodyIsAskedWhereNothingCanHaveRun) {
    State state = unused();
    state.replica.told_at = state.now;
    const Step step = after(state, TimerFired{});
    EXPECT_FALSE(holds<AskPeers>(step.decision))
        << "it told that its volume is empty, in this life";
    EXPECT_EQ(step.next.replica.phase, ReplicaPhase::claiming);
}

TEST(PeersMemory, AFirstStartAsksTooForTheRecordMayHaveGoneBack) {
    State state = after(unused(), TimerFired{}).next;
    EXPECT_EQ(state.replica.phase, ReplicaPhase::examining);
    EXPECT_NE(state.facts.peers_asked_at, Instant{});
    state = after(state, report(0)).next;
    EXPECT_EQ(after(state, report(2)).next.replica.phase, ReplicaPhase::claiming);
    const Step known = after(state, remembering(2, 600));
    EXPECT_EQ(known.next.replica.phase, ReplicaPhase::awaiting_admission);
}

TEST(PeersMemory, AFounderThatHasToldNoIdIsRememberedByAnyOfThisEpoch) {
    State state = unused();
    state.facts.record->replicas[Ordinal{1}].member_id = MemberId{};
    state.facts.record->founders = {Ordinal{0}, Ordinal{1}, Ordinal{2}};
    state = after(state, remembering(2, 600)).next;
    EXPECT_TRUE(remembered_of_self(state.facts));
    state.facts.record->epoch = Epoch{state.facts.record->epoch.value + 1};
    EXPECT_FALSE(remembered_of_self(state.facts));
}

TEST(PeersMemory, AnOldRecordTellsOfNoStartSinceThen) {
    State state = unused();
    ClusterRecord& record = *state.facts.record;
    record.founders = {Ordinal{0}, Ordinal{1}, Ordinal{2}};
    for (const std::uint32_t o : {0U, 1U, 2U}) {
        record.replicas[Ordinal{o}].nonce = Nonce{};
        record.replicas[Ordinal{o}].high_water = {};
    }
    record.replicas[Ordinal{2}].member_id = MemberId{};
    state.facts.disk->last = {Term{1}, LogIndex{3}};
    ClusterRecord now = with_starts_since(record, state.facts);
    EXPECT_NE(now.replicas[Ordinal{0}].high_water, LogPosition{}) << "one that was let in";
    EXPECT_EQ(now.replicas[Ordinal{1}].high_water, LogPosition{}) << "its own volume is here";
    EXPECT_EQ(now.replicas[Ordinal{2}].high_water, LogPosition{}) << "no founder was elected yet";
    state.facts.disk->last = {Term{2}, LogIndex{4}};
    now = with_starts_since(record, state.facts);
    EXPECT_NE(now.replicas[Ordinal{2}].high_water, LogPosition{}) << "a quorum elected a leader";
}

TEST(PeersMemory, TheOnlyReplicaWaitsForNobody) {
    State state = test::state(0, 1);
    state.facts.settings.policy.peers_wait = wait;
    EXPECT_TRUE(unheard_peers(state.facts).empty());
    EXPECT_TRUE(peers_are_heard(state));
}

TEST(PeersMemory, WhoWasHeardInThisLifeIsNotWaitedForAgain) {
    State state = examining();
    state = after(state, report(0)).next;
    state = after(state, report(2)).next;
    EXPECT_EQ(state.replica.phase, ReplicaPhase::claiming);
    EXPECT_EQ(state.facts.peers_asked_at, test::now + milliseconds(10)) << "only for replica 2";
    state.facts.peers_asked_at = Instant{};
    EXPECT_TRUE(peers_are_heard(state));
}

// Agent 0 has told that its volume is empty, and so have all that are to found.
State gathering() {
    State state = examining();
    Facts& facts = state.facts;
    facts.settings.self = Ordinal{0};
    facts.disk = DiskReport{};
    facts.record->stage = RecordStage::gathering;
    facts.record->lineage = Lineage{"gathering"};
    for (auto& [ordinal, entry] : facts.record->replicas) {
        entry = ReplicaEntry{};
        entry.claim = VolumeClaim::empty;
    }
    state.replica.phase = ReplicaPhase::gathering;
    return state;
}
PeerReported of_another(std::uint32_t from, const char* founded) {
    PeerReported told = report(from);
    told.report.lineage = told.report.founded = Lineage{founded};
    return told;
}

TEST(PeersMemory, NothingIsFoundedBeforeTheOthersWereHeard) {
    const Step asked = after(gathering(), TimerFired{});
    EXPECT_TRUE(holds<AskPeers>(asked.decision)) << explain(asked.decision);
    EXPECT_FALSE(holds<WriteRecord>(asked.decision));
    const Step one = after(asked.next, of_another(1, ""));
    EXPECT_FALSE(holds<WriteRecord>(one.decision));
    const Step both = after(one.next, of_another(2, ""));
    EXPECT_TRUE(holds<WriteRecord>(both.decision)) << "neither knows of a cluster";
    const Step late = after(one.next, TimerFired{}, wait);
    EXPECT_TRUE(holds<WriteRecord>(late.decision)) << "who does not run is not waited for";
}

TEST(PeersMemory, NothingIsFoundedWhileSomebodyKnowsOfACluster) {
    State state = after(gathering(), TimerFired{}).next;
    state = after(state, of_another(1, "")).next;
    const Step known = after(state, of_another(2, "0c6e"));
    EXPECT_FALSE(holds<WriteRecord>(known.decision));
    EXPECT_EQ(known.next.replica.phase, ReplicaPhase::parked);
    EXPECT_NE(known.next.replica.reason.find("replica 2 knows of one: 0c6e"), std::string::npos)
        << known.next.replica.reason;
    PeerReported moved_away = of_another(2, "");
    moved_away.report.sequence = 2;
    EXPECT_EQ(after(known.next, moved_away).next.replica.phase, ReplicaPhase::gathering);
}

TEST(PeersMemory, WhoKnowsOfNoClusterTakesNothingBackThatItToldOfOne) {
    State state = gathering();
    state.facts.peers[Ordinal{2}].report = remembering(2, 600).report;
    PeerReported empty = of_another(2, "");
    empty.report.sequence = 7;
    state = after(state, empty).next;
    const PeerReport& kept = state.facts.peers.find(Ordinal{2})->report;
    EXPECT_EQ(kept.lineage, Lineage{"0c6e"});
    EXPECT_EQ(kept.others.find(Ordinal{1})->position.index, LogIndex{600});
}

TEST(PeersMemory, DataWithoutARecordTellsOfAClusterToo) {
    State state = examining();
    EXPECT_EQ(founded_cluster(state.facts, {}), Lineage{"0c6e"});
    state.facts.record.reset();
    EXPECT_EQ(founded_cluster(state.facts, {}), Lineage{"0c6e"}) << "by the volume";
    state.facts.disk->shape = DiskShape::empty;
    EXPECT_EQ(founded_cluster(state.facts, {}), Lineage{});
    EXPECT_EQ(founded_cluster(gathering().facts, {}), Lineage{});
}

TEST(PeersMemory, BeforeItHasLookedAnAgentTellsWhatItToldLast) {
    State state = examining();
    state.facts.disk.reset();
    state.facts.record.reset();
    EXPECT_EQ(founded_cluster(state.facts, Lineage{"last"}), Lineage{"last"});
    EXPECT_FALSE(knows_what_to_tell(state.facts, {})) << "it is asked again";
    state.facts.disk = DiskReport{};
    EXPECT_EQ(founded_cluster(state.facts, Lineage{"last"}), Lineage{});
    EXPECT_TRUE(knows_what_to_tell(state.facts, {}));
}

TEST(PeersMemory, AVolumeBehindItIsSetAsideAndTheWitnessIsNamed) {
    State state = after(examining(), remembering(0, 600)).next;
    const Step step = after(state, remembering(2, 601));
    EXPECT_EQ(step.next.replica.phase, ReplicaPhase::setting_aside);
    ASSERT_TRUE(holds<SetAsideData>(step.decision));
    const std::string said = explain(step.decision);
    EXPECT_NE(said.find("behind-peers-memory: replica 2 remembers it at term 3 index 601, it ends "
                        "at term 3 index 600"),
              std::string::npos)
        << said;
}

TEST(PeersMemory, AVolumeThatReachesItGoesOn) {
    State state = after(examining(), remembering(0, 600)).next;
    state = after(state, remembering(2, 580)).next;
    EXPECT_EQ(state.replica.phase, ReplicaPhase::claiming);
}

TEST(PeersMemory, WhatWasSaidInAnEarlierLifeIsHeldAgainstTheVolumeToo) {
    State state = after(examining(), remembering(0, 601)).next;
    const Settings settings = state.facts.settings;
    state = after(state, AgentStarted{settings, 9, Lineage{"fresh"}}).next;
    state = after(state, DesiredSeen{{3, PodManagement::parallel}}).next;
    state = after(state, RecordSeen{test::record(), {}}).next;
    const auto most = remembered_of_self(state.facts);
    ASSERT_TRUE(most);
    EXPECT_EQ(most->by, Ordinal{0});
    EXPECT_EQ(most->what.position.index, LogIndex{601});
    EXPECT_EQ(unheard_peers(state.facts).size(), 2U) << "but it is asked again";
}

TEST(PeersMemory, AnotherIdentityEpochOrLineageIsNoEvidence) {
    const auto goes_on_after = [](const auto& change) {
        PeerReported told = remembering(0, 900);
        change(told.report);
        State state = after(examining(), told).next;
        return after(state, report(2)).next.replica.phase != ReplicaPhase::setting_aside;
    };
    EXPECT_FALSE(goes_on_after([](PeerReport&) {}));
    EXPECT_TRUE(goes_on_after([](PeerReport& r) { r.lineage = Lineage{"beef"}; }));
    EXPECT_TRUE(goes_on_after([](PeerReport& r) { r.others[Ordinal{1}].epoch = Epoch{1}; }));
    EXPECT_TRUE(goes_on_after([](PeerReport& r) { r.others[Ordinal{1}].member_id = MemberId{5}; }));
}

TEST(PeersMemory, AReportThatWasOvertakenTellsNothing) {
    State state = after(examining(), report(0, 7)).next;
    PeerReported old = remembering(0, 900);
    old.report.sequence = 7;
    state = after(state, old).next;
    EXPECT_FALSE(remembered_of_self(state.facts));
    old.report.boot = 99;  // another life counts from one
    state = after(state, old).next;
    EXPECT_TRUE(remembered_of_self(state.facts));
}

TEST(PeersMemory, AReportOfOneselfOrOfNobodyTellsNothing) {
    State state = after(examining(), report(1)).next;
    EXPECT_TRUE(state.facts.peers.empty());
    state = after(state, report(7)).next;
    EXPECT_TRUE(state.facts.peers.empty());
}

TEST(Remember, NeverTakesBackWithinOneIdentity) {
    Remembered known = of_replica_1(500);
    Remembered told = of_replica_1(400);
    told.nonce = Nonce{5};
    remember(known, told);
    EXPECT_EQ(known.position.index, LogIndex{500});
    EXPECT_EQ(known.nonce, Nonce{5});
    remember(known, {});
    EXPECT_EQ(known.member_id, test::member_id(1));
    told.epoch = Epoch{1};
    told.position.index = LogIndex{900};
    remember(known, told);
    EXPECT_EQ(known.position.index, LogIndex{500}) << "an epoch that is over";
    told.epoch = Epoch{2};
    told.member_id = MemberId{7};
    told.position.index = LogIndex{3};
    remember(known, told);
    EXPECT_EQ(known.position.index, LogIndex{3}) << "another identity begins anew";
}

TEST(OwnReport, TellsOnlyWhatRunsUnderTheRecordsIdentityAndIsSynced) {
    const State state = test::state(1);
    const MemberStatus serving = test::serving_status(1);
    EXPECT_EQ(own_report(state.facts, serving),
              (Remembered{Epoch{2}, test::member_id(1), Nonce{71}, {Term{3}, LogIndex{500}}}));
    MemberStatus other = serving;
    other.serves = false;
    EXPECT_EQ(own_report(state.facts, other), Remembered{}) << "an index told is not yet synced";
    other = serving;
    other.member_id = MemberId{5};
    EXPECT_EQ(own_report(state.facts, other), Remembered{});
    other = serving;
    other.cluster_id = ClusterId{5};
    EXPECT_EQ(own_report(state.facts, other), Remembered{});
    Facts asking = state.facts;
    asking.record->replicas[Ordinal{1}].claim = VolumeClaim::wants_admission;
    EXPECT_EQ(own_report(asking, serving), Remembered{});
}

}  // namespace
}  // namespace quorate
