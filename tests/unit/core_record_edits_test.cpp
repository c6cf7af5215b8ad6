// Every change of the cluster record: what it says, and that it leaves the rest alone.
#include <gtest/gtest.h>

#include "core/rules/record_edits.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

const ReplicaEntry& entry(const ClusterRecord& record, std::uint32_t ordinal = 0) {
    return *record.replicas.find(Ordinal{ordinal});
}

// Everything but replica `ordinal` is as it was.
void expect_others_untouched(const ClusterRecord& before, ClusterRecord after,
                             std::uint32_t ordinal = 0) {
    after.replicas[Ordinal{ordinal}] = *before.replicas.find(Ordinal{ordinal});
    EXPECT_TRUE(before == after) << "more than the entry of replica " << ordinal << " changed";
}

TEST(Proposed, ComparesWithTheRevisionKnownAndSwapsTheNext) {
    const State state = test::state();
    const WriteRecord write = proposed(state, *state.facts.record);
    EXPECT_EQ(RecordRevision{40}, write.expected);
    EXPECT_EQ(RecordRevision{41}, write.record.revision);
    EXPECT_EQ(Fence{6}, write.fence);
    EXPECT_EQ(Fence{6}, write.record.fence);
}

TEST(Proposed, CarriesNoFenceWithoutAuthority) {
    State state = test::state();
    state.authority.phase = AuthorityPhase::releasing;
    state.facts.record->fence = Fence{5};
    const WriteRecord write = proposed(state, *state.facts.record);
    EXPECT_EQ(Fence{}, write.fence);
    EXPECT_EQ(Fence{5}, write.record.fence) << "the last holder's is kept";
}

TEST(Proposed, TheFirstDocumentMustNotExist) {
    State state = test::state();
    state.facts.record.reset();
    EXPECT_EQ(RecordRevision{}, proposed(state, with_empty_volume(state.facts)).expected);
}

TEST(EmptyVolume, CreatesTheDocumentOfAFreshLineage) {
    State state = test::state(1);
    state.facts.record.reset();
    const ClusterRecord record = with_empty_volume(state.facts);
    EXPECT_EQ(Lineage{"fresh"}, record.lineage);
    EXPECT_EQ(Epoch{1}, record.epoch);
    EXPECT_EQ(RecordStage::gathering, record.stage);
    EXPECT_EQ(1U, record.replicas.size());
    EXPECT_EQ(VolumeClaim::empty, entry(record, 1).claim);
}

TEST(EmptyVolume, KeepsWhatTheOthersSaid) {
    State state = test::state(1);
    state.facts.record = ClusterRecord{};
    state.facts.record->lineage = Lineage{"theirs"};
    state.facts.record->replicas[Ordinal{0}].claim = VolumeClaim::empty;
    const ClusterRecord record = with_empty_volume(state.facts);
    EXPECT_EQ(Lineage{"theirs"}, record.lineage);
    EXPECT_EQ(VolumeClaim::empty, entry(record, 0).claim);
}

TEST(Founders, AreAllDesiredReplicasInParallel) {
    State state = test::state();
    const ClusterRecord record = with_founders(state.facts);
    EXPECT_EQ((std::vector<Ordinal>{Ordinal{0}, Ordinal{1}, Ordinal{2}}), record.founders);
    EXPECT_EQ(RecordStage::forming, record.stage);
    EXPECT_EQ(VolumeClaim::holding, entry(record, 2).claim);
}

// On a record that went back to before a founding, the ids of the next would be those of the first.
TEST(Founders, GiveTheClusterItsName) {
    const ClusterRecord record = with_founders(test::state().facts);
    EXPECT_EQ(Lineage{"fresh"}, record.lineage);
    EXPECT_EQ("fresh-2", record.token);
}

TEST(Founders, AreReplicaZeroAloneWhenPodsComeInOrder) {
    State state = test::state();
    state.facts.desired->policy = PodManagement::ordered;
    EXPECT_EQ(std::vector<Ordinal>{Ordinal{0}}, with_founders(state.facts).founders);
}

TEST(Nonce, IsAnnouncedThenConfirmed) {
    State state = test::state();
    state.facts.record->replicas[Ordinal{0}].high_water_final = true;
    const ClusterRecord announced = with_announced(state.facts, Nonce{500});
    EXPECT_EQ(Nonce{70}, entry(announced).nonce);
    EXPECT_EQ(Nonce{500}, entry(announced).nonce_next);
    EXPECT_FALSE(entry(announced).high_water_final) << "etcd is about to write again";
    expect_others_untouched(*state.facts.record, announced);
    state.facts.record = announced;
    const ClusterRecord confirmed = with_confirmed(state.facts, Nonce{500});
    EXPECT_EQ(Nonce{500}, entry(confirmed).nonce);
    EXPECT_EQ(Nonce{}, entry(confirmed).nonce_next);
    expect_others_untouched(announced, confirmed);
}

TEST(Nonce, OfAStampedButUnconfirmedStartIsKeptAcceptable) {
    State state = test::state();
    state.facts.record->replicas[Ordinal{0}].nonce_next = Nonce{500};
    state.facts.disk = test::disk();
    state.facts.disk->identity->nonce = Nonce{500};
    const ClusterRecord record = with_announced(state.facts, Nonce{600});
    EXPECT_EQ(Nonce{500}, entry(record).nonce) << "or a crash now would condemn this volume";
    EXPECT_EQ(Nonce{600}, entry(record).nonce_next);
}

TEST(Nonce, ThatTheRecordDoesNotKnowAnyMoreIsKeptAcceptableToo) {
    State state = test::state();
    state.facts.disk = test::disk();
    state.facts.disk->identity->nonce = Nonce{500};
    EXPECT_EQ(Nonce{70}, entry(with_announced(state.facts, Nonce{600})).nonce) << "rolled back";
    state.facts.stamped = Nonce{500};
    EXPECT_EQ(Nonce{500}, entry(with_announced(state.facts, Nonce{600})).nonce)
        << "stamped in this life: the record went back";
}

TEST(OwnTruth, TellsIdsAndHighWaterAndThatTheClusterIsFormed) {
    State state = test::state();
    ClusterRecord& record = *state.facts.record;
    record.stage = RecordStage::forming;
    record.cluster_id = ClusterId{};
    record.replicas[Ordinal{0}].member_id = MemberId{};
    record.replicas[Ordinal{0}].high_water = {};
    record.replicas[Ordinal{0}].surviving = LogPosition{Term{1}, LogIndex{1}};
    EXPECT_TRUE(own_truth_is_untold(state));
    const ClusterRecord told = with_own_truth(state);
    EXPECT_EQ(RecordStage::formed, told.stage);
    EXPECT_EQ(ClusterId{9}, told.cluster_id);
    EXPECT_EQ(test::member_id(0), entry(told).member_id);
    EXPECT_EQ((LogPosition{Term{3}, LogIndex{500}}), entry(told).high_water);
    EXPECT_EQ(std::nullopt, entry(told).surviving);
    state.facts.record = told;
    EXPECT_FALSE(own_truth_is_untold(state)) << "once is enough";
}

TEST(OwnTruth, WhoeverServesTakesAnOrderToRebuildBack) {
    State state = test::state();
    EXPECT_FALSE(own_truth_is_untold(state));
    state.facts.record->rebuild = Rebuild{Ordinal{2}, {}, {}, "token"};
    EXPECT_TRUE(own_truth_is_untold(state));
    EXPECT_EQ(std::nullopt, with_own_truth(state).rebuild);
    state.facts.probes[Ordinal{0}].status.serves = false;
    EXPECT_FALSE(own_truth_is_untold(state));
    EXPECT_TRUE(with_own_truth(state).rebuild);
}

TEST(OwnTruth, ALearnerNeverSaysThatTheClusterIsFormed) {
    State state = test::state();
    state.facts.record->stage = RecordStage::forming;
    test::probe(state, 0, test::learner_status(0));
    EXPECT_EQ(RecordStage::forming, with_own_truth(state).stage);
}

TEST(OwnTruth, TheHighWaterMarkNeverFalls) {
    State state = test::state();
    state.facts.record->replicas[Ordinal{0}].high_water = {Term{9}, LogIndex{9000}};
    EXPECT_EQ((LogPosition{Term{9}, LogIndex{9000}}), entry(with_own_truth(state)).high_water);
}

TEST(OwnTruth, ANewMarkIsToldOnceAPeriodAndNotAtEveryWrite) {
    State state = test::state();
    state.facts.probes[Ordinal{0}].status.index = LogIndex{501};
    EXPECT_FALSE(own_truth_is_untold(state));
    state.now = state.replica.told_at + state.facts.settings.policy.high_water_period;
    EXPECT_TRUE(own_truth_is_untold(state));
}

TEST(OwnTruth, NothingIsSaidAboutAnotherMember) {
    State state = test::state();
    state.facts.record->replicas[Ordinal{0}].member_id = MemberId{999};
    state.facts.record->cluster_id = ClusterId{};
    EXPECT_FALSE(own_truth_is_untold(state));
}

TEST(FinalMark, SaysThatNothingCameAfter) {
    State state = test::state();
    state.facts.disk = test::disk();
    const ClusterRecord record = with_final_mark(state.facts);
    EXPECT_EQ(state.facts.disk->last, entry(record).high_water);
    EXPECT_TRUE(entry(record).high_water_final);
    expect_others_untouched(*state.facts.record, record);
}

TEST(AdmissionAsked, KeepsTheMemberIdSoThatTheOldMemberIsFound) {
    State state = test::state();
    const ClusterRecord record = with_admission_asked(state.facts, "rolled-back");
    EXPECT_EQ(VolumeClaim::wants_admission, entry(record).claim);
    EXPECT_EQ("rolled-back", entry(record).reason);
    EXPECT_EQ(test::member_id(0), entry(record).member_id);
    expect_others_untouched(*state.facts.record, record);
}

TEST(Admission, TellsTheJoinerEveryPeerByItsListedUrl) {
    State state = test::state();
    state.facts.list->members.push_back(test::listed(3, true));
    state.facts.list->members.back().name.clear();  // not started
    const ClusterRecord record = with_admission(state.facts, Ordinal{3}, test::member_id(3));
    EXPECT_EQ(test::member_id(3), entry(record, 3).member_id);
    EXPECT_EQ(VolumeClaim::holding, entry(record, 3).claim);
    EXPECT_EQ(Nonce{}, entry(record, 3).nonce) << "a fresh identity has not started yet";
    EXPECT_EQ(
        "quorate-0=https://quorate-0:2380,quorate-1=https://quorate-1:2380,"
        "quorate-2=https://quorate-2:2380,quorate-3=https://quorate-3:2380",
        entry(record, 3).initial_cluster);
}

TEST(Admission, OfOneThatWasToldAlreadyChangesNothing) {
    const State state = test::state();
    const ClusterRecord before = *state.facts.record;
    EXPECT_EQ(before, with_admission(state.facts, Ordinal{2}, test::member_id(2)))
        << "its volume may have run since: its nonce and mark stay";
}

TEST(Expelled, LeavesNoIdentityButKeepsTheRequest) {
    State state = test::state();
    EXPECT_EQ(VolumeClaim::expelled, entry(with_expelled(state.facts, Ordinal{1}), 1).claim);
    EXPECT_EQ(MemberId{}, entry(with_expelled(state.facts, Ordinal{1}), 1).member_id);
    ReplicaEntry& asking = state.facts.record->replicas[Ordinal{1}];
    asking.claim = VolumeClaim::wants_admission;
    asking.reason = "empty-volume";
    const ClusterRecord record = with_expelled(state.facts, Ordinal{1});
    EXPECT_EQ(VolumeClaim::wants_admission, entry(record, 1).claim);
    EXPECT_EQ("empty-volume", entry(record, 1).reason);
    EXPECT_EQ(MemberId{}, entry(record, 1).member_id);
    expect_others_untouched(*state.facts.record, record, 1);
}

TEST(Survivor, TellsExactlyHowFarItReaches) {
    State state = test::state();
    state.facts.disk = test::disk();
    const ClusterRecord record = with_survivor(state.facts);
    EXPECT_EQ(state.facts.disk->last, entry(record).surviving);
    EXPECT_EQ(state.facts.disk->last, entry(record).high_water);
}

TEST(Survivor, TellsTheHighestCommitItSawOfThisEpochOnly) {
    State state = test::state();
    state.facts.disk = test::disk();
    state.facts.commit_seen = {state.facts.record->epoch, LogIndex{7'000}};
    const ClusterRecord record = with_survivor(state.facts);
    EXPECT_EQ(LogIndex{7'000}, entry(record).seen);
    state.facts.commit_seen.epoch = Epoch{state.facts.record->epoch.value + 1};
    EXPECT_EQ(LogIndex{}, entry(with_survivor(state.facts)).seen);
    state.facts.record = record;
    EXPECT_EQ(LogIndex{}, entry(with_admission_asked(state.facts, "empty-volume")).seen);
}

TEST(NewEpoch, HasOneFounderAndNoOtherIdentity) {
    State state = test::state(1);
    state.facts.record->rebuild = Rebuild{Ordinal{1}, {}, {}, "token"};
    state.facts.record->replicas[Ordinal{2}].claim = VolumeClaim::wants_admission;
    const ClusterRecord record = with_new_epoch(state.facts);
    EXPECT_EQ(Epoch{3}, record.epoch);
    EXPECT_EQ("0c6e-3", record.token);
    EXPECT_EQ(Lineage{"0c6e"}, record.lineage);
    EXPECT_EQ(RecordStage::forming, record.stage);
    EXPECT_EQ(std::vector<Ordinal>{Ordinal{1}}, record.founders);
    EXPECT_EQ(std::nullopt, record.rebuild);
    EXPECT_EQ(ClusterId{}, record.cluster_id);
    EXPECT_EQ(VolumeClaim::holding, entry(record, 1).claim);
    EXPECT_EQ(Nonce{71}, entry(record, 1).nonce) << "its volume is still its own";
    EXPECT_EQ(VolumeClaim::expelled, entry(record, 0).claim);
    EXPECT_EQ(VolumeClaim::wants_admission, entry(record, 2).claim);
    for (const std::uint32_t other : {0U, 1U, 2U})
        EXPECT_EQ(MemberId{}, entry(record, other).member_id) << other;
}

TEST(PutBack, IsTheNewestKnownOverWhatIsThere) {
    State state = test::state();
    state.facts.record_there = RecordRevision{12};
    WriteRecord write = put_back(state);
    EXPECT_EQ(RecordRevision{12}, write.expected);
    EXPECT_EQ(RecordRevision{41}, write.record.revision) << "newer than what anybody saw";
    EXPECT_EQ(Fence{}, write.fence);
    write.record.revision = state.facts.record->revision;
    EXPECT_EQ(*state.facts.record, write.record);
    state.facts.record_there = RecordRevision{};
    EXPECT_EQ(RecordRevision{}, put_back(state).expected);
}

TEST(AdmissionAsked, VoidsTheOrderToRebuildFromThatVolume) {
    State state = test::state(1);
    state.facts.record->rebuild = Rebuild{Ordinal{1}, {}, {}, "token"};
    EXPECT_EQ(std::nullopt, with_admission_asked(state.facts, "empty-volume").rebuild);
    state.facts.record->rebuild->survivor = Ordinal{2};
    EXPECT_TRUE(with_admission_asked(state.facts, "empty-volume").rebuild) << "of another volume";
}

TEST(NewEpoch, KeepsBothNoncesOfAStartThatACrashInterrupted) {
    State state = test::state(1);
    state.facts.record->rebuild = Rebuild{Ordinal{1}, {}, {}, "token"};
    state.facts.record->replicas[Ordinal{1}].nonce_next = Nonce{171};
    const ClusterRecord record = with_new_epoch(state.facts);
    EXPECT_EQ(Nonce{71}, entry(record, 1).nonce);
    EXPECT_EQ(Nonce{171}, entry(record, 1).nonce_next) << "the volume may be stamped with it";
}

TEST(InitialCluster, NamesFoundersByTheirAddresses) {
    EXPECT_EQ("quorate-0=https://quorate-0:2380,quorate-2=https://quorate-2:2380",
              initial_cluster(test::state().facts, {Ordinal{0}, Ordinal{2}}));
}

TEST(InitialCluster, LeavesOutAnOrdinalThatHasNoAddress) {
    EXPECT_EQ("quorate-0=https://quorate-0:2380",
              initial_cluster(test::state().facts, {Ordinal{0}, Ordinal{7}}));
}

TEST(InitialCluster, AStrangerKeepsTheNameItHas) {
    MemberList list{Freshness::linearizable, ClusterId{9}, {}};
    list.members.push_back({MemberId{1}, "old-etcd", {"https://10.0.0.9:2380"}, false});
    EXPECT_EQ("old-etcd=https://10.0.0.9:2380", initial_cluster(test::state().facts, list));
}

}  // namespace
}  // namespace quorate
