// Which etcd may start where: each gate closed by what it names and by nothing else, with the way
// forward in words.
#include <gtest/gtest.h>

#include "core/rules/etcd_versions.hpp"
#include "core/rules/record_edits.hpp"
#include "core/rules/signals.hpp"
#include "core/rules/version_gate.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

using namespace test;

constexpr Version etcd_3_4{3, 4, 23};
constexpr Version etcd_3_5_old{3, 5, 23};
constexpr Version etcd_3_5{3, 5, 35};
constexpr Version etcd_3_6{3, 6, 16};
constexpr Version etcd_3_7{3, 7, 3};

// A volume of a healthy cluster of three that runs `before`, started with `binary`.
VersionCase swapped(Version before, Version binary) {
    VersionCase input;
    input.binary = binary;
    input.has_data = true;
    if (before >= Version{3, 6, 0}) input.stored = minor_of(before);
    input.cluster_version = minor_of(before);
    input.last = before;
    input.others = {{Ordinal{1}, before}, {Ordinal{2}, before}};
    return input;
}

// The rule that closes the gate, "" when it is open.
std::string closed_by(const VersionCase& input) {
    const auto gate = version_gate(input);
    if (!gate) return {};
    EXPECT_FALSE(gate->why.empty());
    EXPECT_FALSE(gate->next_step.empty());
    return "U0" + std::to_string(static_cast<int>(gate->rule) - static_cast<int>(RuleId::U01) + 1);
}
std::string words(const VersionCase& input) {
    const auto gate = version_gate(input);
    return gate ? gate->why + "; " + gate->next_step : "open";
}
bool says(const VersionCase& input, const std::string& text) {
    return words(input).find(text) != std::string::npos;
}

TEST(VersionGate, EveryPairOfReleasesIsOpenOrClosedAsTheTableSays) {
    struct Row {
        Version before;
        const char* to_3_4;
        const char* to_3_5_old;
        const char* to_3_5;
        const char* to_3_6;
        const char* to_3_7;
    };
    // clang-format off
    const Row rows[] = {
        {etcd_3_4,     "",    "",    "",    "U04", "U04"},
        {etcd_3_5_old, "U02", "",    "",    "U06", "U04"},
        {etcd_3_5,     "U02", "",    "",    "",    "U04"},
        {etcd_3_6,     "U02", "U02", "U02", "",    ""},
        {etcd_3_7,     "U02", "U02", "U02", "U02", ""},
    };
    // clang-format on
    for (const Row& row : rows) {
        EXPECT_EQ(row.to_3_4, closed_by(swapped(row.before, etcd_3_4))) << to_text(row.before);
        EXPECT_EQ(row.to_3_5_old, closed_by(swapped(row.before, etcd_3_5_old)))
            << to_text(row.before);
        EXPECT_EQ(row.to_3_5, closed_by(swapped(row.before, etcd_3_5))) << to_text(row.before);
        EXPECT_EQ(row.to_3_6, closed_by(swapped(row.before, etcd_3_6))) << to_text(row.before);
        EXPECT_EQ(row.to_3_7, closed_by(swapped(row.before, etcd_3_7))) << to_text(row.before);
    }
}

TEST(VersionGate, AReleaseThatLosesDataIsNotStarted_U01) {
    EXPECT_EQ("U01", closed_by(swapped({3, 5, 35}, {3, 5, 2})));
}

TEST(VersionGate, NewerDataNamesTheReleaseAndTheEnabledWayBack_U02) {
    const VersionCase input = swapped(etcd_3_6, etcd_3_5);
    EXPECT_TRUE(says(input, "run etcd 3.6 again")) << words(input);
    EXPECT_TRUE(says(input, "etcdctl downgrade enable 3.5")) << words(input);
    EXPECT_FALSE(says(swapped(etcd_3_5, etcd_3_4), "downgrade enable")) << "3.5 has none";
}

TEST(VersionGate, TheDatabaseAloneTellsThatDataIsNewer_U02) {
    VersionCase input = swapped(etcd_3_6, etcd_3_5);
    input.cluster_version = Version{3, 5, 0};  // lowered; the database has not followed yet
    EXPECT_EQ("U02", closed_by(input));
}

TEST(VersionGate, TheWayBackIsOpenUntilTheClusterAgreedOnTheNewerOne) {
    VersionCase input = swapped(etcd_3_5, etcd_3_5);
    input.last = etcd_3_6;
    input.others = {{Ordinal{1}, etcd_3_6}, {Ordinal{2}, etcd_3_5}};
    EXPECT_EQ("", closed_by(input));
}

TEST(VersionGate, TheWayBackIsOpenAfterADowngradeWasEnabled) {
    VersionCase input = swapped(etcd_3_6, etcd_3_5);
    input.cluster_version = Version{3, 5, 0};
    input.stored = {};
    EXPECT_EQ("", closed_by(input));
}

TEST(VersionGate, WhatEtcdItselfSaidOfNewerDataStands_U03) {
    VersionCase input = swapped(etcd_3_5, etcd_3_5);
    input.refused_by_etcd = true;
    input.etcd_said = "invalid downgrade";
    EXPECT_EQ("U03", closed_by(input));
    EXPECT_TRUE(says(input, "invalid downgrade"));
}

TEST(VersionGate, NoMinorReleaseIsLeftOutAndTheOneBetweenIsNamed_U04) {
    EXPECT_TRUE(says(swapped(etcd_3_4, etcd_3_6), "run 3.5.x (>= 3.5.26) on every replica first"));
    EXPECT_TRUE(says(swapped(etcd_3_5, etcd_3_7), "run 3.6.x (>= 3.6.11) on every replica first"));
}

TEST(VersionGate, AClusterThatHasNotAgreedOnTheMinorReleaseBetweenIsNotTakenFurther_U04) {
    VersionCase input = swapped(etcd_3_6, etcd_3_7);
    input.stored = {};
    input.cluster_version = Version{3, 5, 0};  // this one ran 3.6 already, others did not
    EXPECT_EQ("U04", closed_by(input));
}

TEST(VersionGate, AVolumeWithoutRecordedReleaseIsJudgedByItsClusterVersion_U04) {
    VersionCase input = swapped(etcd_3_4, etcd_3_6);
    input.last = {};
    EXPECT_EQ("U04", closed_by(input));
}

TEST(VersionGate, TheSameReleaseStartsAgainWhateverTheOthersRan) {
    VersionCase input = swapped(etcd_3_6, etcd_3_6);
    input.cluster_version = Version{3, 5, 0};
    input.stored = {};
    input.others = {{Ordinal{1}, etcd_3_5_old}, {Ordinal{2}, etcd_3_5}};
    EXPECT_EQ("", closed_by(input)) << "it runs it already; refusing would only cost a voter";
}

TEST(VersionGate, ABinaryOlderThanAllTheOthersDoesNotJoin_U05) {
    VersionCase input = swapped(etcd_3_6, etcd_3_5);
    input.has_data = false;
    input.stored = input.cluster_version = input.last = {};
    EXPECT_EQ("U05", closed_by(input));
    EXPECT_TRUE(says(input, "run 3.6.x here"));
    input.others[0].version = etcd_3_5;
    EXPECT_EQ("", closed_by(input)) << "one of them is as old: a rolling upgrade";
}

TEST(VersionGate, MembersAreNeverTwoMinorReleasesApart_U05) {
    VersionCase input = swapped(etcd_3_5, etcd_3_5);
    input.others[1].version = etcd_3_7;
    EXPECT_EQ("U05", closed_by(input));
}

TEST(VersionGate, EachReplicaBelowTheFloorIsNamed_U06) {
    VersionCase input = swapped(etcd_3_5_old, etcd_3_6);
    EXPECT_TRUE(says(input, "this one last ran 3.5.23")) << words(input);
    EXPECT_TRUE(says(input, "replica 1 last ran 3.5.23")) << words(input);
    EXPECT_TRUE(says(input, "run 3.5.x (>= 3.5.26) on every replica until all serve, then 3.6.16"));
    input.last = etcd_3_5;
    input.others[0].version = etcd_3_5;
    EXPECT_EQ("U06", closed_by(input));
    EXPECT_FALSE(says(input, "this one"));
    EXPECT_FALSE(says(input, "replica 1 "));
    EXPECT_TRUE(says(input, "replica 2 last ran 3.5.23"));
    input.others[1].version = etcd_3_5;
    EXPECT_EQ("", closed_by(input));
}

TEST(VersionGate, TheFloorIsExact_U06) {
    EXPECT_EQ("U06", closed_by(swapped({3, 5, 25}, etcd_3_6)));
    EXPECT_EQ("", closed_by(swapped({3, 5, 26}, etcd_3_6)));
    EXPECT_EQ("U06", closed_by(swapped({3, 6, 10}, etcd_3_7)));
    EXPECT_EQ("", closed_by(swapped({3, 6, 11}, etcd_3_7)));
}

TEST(VersionGate, AVolumeThatNeverServedGoesByNoFloor_U06) {
    VersionCase input = swapped(etcd_3_5, etcd_3_6);
    input.last = {};
    EXPECT_EQ("U06", closed_by(input));
    EXPECT_TRUE(says(input, "has not served yet"));
}

TEST(VersionGate, ANewMemberJoinsNoClusterBelowItsFloor_U06) {
    VersionCase input = swapped(etcd_3_5, etcd_3_6);
    input.has_data = false;
    input.stored = input.cluster_version = input.last = {};
    EXPECT_EQ("", closed_by(input));
    input.others[1].version = etcd_3_5_old;
    EXPECT_EQ("U06", closed_by(input));
}

TEST(VersionGate, TheFirstOf36FailOnWhat35Wrote_U07) {
    EXPECT_EQ("U07", closed_by(swapped(etcd_3_5, {3, 6, 3})));
    EXPECT_TRUE(says(swapped(etcd_3_5, {3, 6, 3}), "use 3.6.4 or later"));
    EXPECT_EQ("", closed_by(swapped(etcd_3_5, {3, 6, 4})));
    EXPECT_EQ("", closed_by(swapped({3, 6, 3}, {3, 6, 3}))) << "it runs there already";
}

MembershipStores stores(std::vector<StoredMember> v2, std::vector<StoredMember> db) {
    return {std::move(v2), std::move(db)};
}

TEST(VersionGate, MembershipStoresThatDifferAreNotTakenTo36_U08) {
    VersionCase input = swapped(etcd_3_5, etcd_3_6);
    const StoredMember one{MemberId{0xa1}, false};
    const StoredMember two{MemberId{0xa2}, false};
    input.stores = stores({one, two}, {one, two});
    EXPECT_EQ("", closed_by(input));
    input.stores = stores({one}, {one, two});
    EXPECT_EQ("U08", closed_by(input));
    EXPECT_TRUE(says(input, "a2 was removed")) << words(input);
    input.binary = {3, 5, 36};
    EXPECT_EQ("", closed_by(input)) << "3.5 does not go by the database";
}

TEST(VersionGate, DifferencesOfTheStoresNameTheMemberAndWhatIsWrong) {
    const StoredMember one{MemberId{0xa1}, false};
    const StoredMember learner{MemberId{0xa1}, true};
    EXPECT_EQ("", difference_of(stores({one}, {one})));
    EXPECT_EQ("a1 was promoted", difference_of(stores({one}, {learner})));
    EXPECT_EQ("a1 is a learner", difference_of(stores({learner}, {one})));
    EXPECT_EQ("a1 is missing", difference_of(stores({one}, {})));
    EXPECT_EQ("a1 was removed", difference_of(stores({}, {one})));
    std::vector<StoredMember> many;
    for (std::uint64_t i = 1; i <= 6; ++i)
        many.push_back({MemberId{i}, false});
    EXPECT_EQ("1 is missing, 2 is missing, 3 is missing, 4 is missing and 2 more",
              difference_of(stores(many, {})));
}

TEST(VersionGate, ALogThatStillHoldsV2RequestsIsNotTakenTo37_U09) {
    VersionCase input = swapped(etcd_3_6, etcd_3_7);
    input.v2_requests = true;
    EXPECT_EQ("U09", closed_by(input));
    EXPECT_TRUE(says(input, "has written a raft snapshot"));
    input.binary = etcd_3_6;
    EXPECT_EQ("", closed_by(input)) << "3.6 replays them";
}

TEST(VersionGate, EveryRuleSaysWhatItIsFor) {
    for (const RuleId rule : {RuleId::U01, RuleId::U02, RuleId::U03, RuleId::U04, RuleId::U05,
                              RuleId::U06, RuleId::U07, RuleId::U08, RuleId::U09})
        EXPECT_STRNE("", because_of_gate(rule));
    EXPECT_STREQ("", because_of_gate(RuleId::N01));
}

// --- From the state of an agent ------------------------------------------------------------------

// Stopped, examined, about to start; the other two serve with 3.5.35, as this one did.
State about_to_start(Version binary) {
    State state = test::state();
    Facts& facts = state.facts;
    facts.settings.etcd_version = binary;
    for (auto& [ordinal, entry] : facts.record->replicas)
        entry.etcd_version = etcd_3_5;
    for (auto& [ordinal, probe] : facts.probes)
        probe.status.version = etcd_3_5;
    facts.probes[Ordinal{0}].status = MemberStatus{};
    facts.etcd_running = false;
    facts.disk = disk();
    facts.disk->cluster_version = "3.5.0";
    state.process.phase = ProcessPhase::stopped;
    state.volume.phase = VolumePhase::open;
    state.replica.phase = ReplicaPhase::examining;
    return state;
}

TEST(VersionGate, ASwappedBinaryStartsOrParksWithTheWayForward) {
    EXPECT_TRUE(is<signal::may_start>(read_replica(about_to_start(etcd_3_5))));
    EXPECT_TRUE(is<signal::may_start>(read_replica(about_to_start(etcd_3_6))));
    const auto reading = read_replica(about_to_start(etcd_3_7));
    ASSERT_TRUE(is<signal::cannot_continue>(reading));
    EXPECT_EQ("run 3.6.x (>= 3.6.11) on every replica first",
              std::get<signal::cannot_continue>(*reading).next_step);
}

TEST(VersionGate, WithoutADatabaseWhatServedLastTellsWhatItsLogIsOf_U02) {
    State state = about_to_start(etcd_3_4);
    state.facts.disk->shape = DiskShape::wal_without_db;
    state.facts.disk->cluster_version = "";
    const auto reading = read_replica(state);
    ASSERT_TRUE(is<signal::cannot_continue>(reading));
    EXPECT_EQ("the data is of etcd 3.5, but the binary is 3.4.23",
              std::get<signal::cannot_continue>(*reading).why);
}

TEST(VersionGate, AParkedReplicaGoesOnWhenTheOthersHaveRunWhatMustComeFirst) {
    State state = about_to_start(etcd_3_6);
    state.facts.record->replicas[Ordinal{2}].etcd_version = etcd_3_5_old;
    state.facts.probes[Ordinal{2}].status = MemberStatus{};  // away: what it last ran counts
    ASSERT_TRUE(is<signal::cannot_continue>(read_replica(state)));
    state.replica.phase = ReplicaPhase::parked;
    EXPECT_FALSE(read_replica(state));
    state.facts.record->replicas[Ordinal{2}].etcd_version = etcd_3_5;
    EXPECT_TRUE(is<signal::look_again>(read_replica(state)));
}

TEST(VersionGate, WhatAReplicaRunsNowCountsBeforeWhatItLastRan) {
    State state = about_to_start(etcd_3_6);
    state.facts.record->replicas[Ordinal{2}].etcd_version = etcd_3_5_old;
    EXPECT_TRUE(is<signal::may_start>(read_replica(state))) << "it answers with 3.5.35";
    state.facts.probes[Ordinal{2}].status.version = etcd_3_5_old;
    EXPECT_TRUE(is<signal::cannot_continue>(read_replica(state)));
}

TEST(VersionGate, AReplicaThatIsNoMemberAnyMoreHoldsNobodyBack) {
    State state = about_to_start(etcd_3_6);
    state.facts.probes[Ordinal{2}].status = MemberStatus{};
    ReplicaEntry& gone = state.facts.record->replicas[Ordinal{2}];
    gone.etcd_version = etcd_3_5_old;
    gone.claim = VolumeClaim::expelled;
    EXPECT_TRUE(is<signal::may_start>(read_replica(state)));
}

TEST(VersionGate, DataThatIsNotContinuedIsSetAsideWithAnyBinary) {
    State state = about_to_start(etcd_3_7);
    state.facts.disk->identity->nonce = Nonce{1};
    EXPECT_TRUE(is<signal::not_continuation>(read_replica(state)));
}

TEST(VersionGate, NoAdmissionIsAskedForWithABinaryThatCouldNotJoin) {
    State state = about_to_start(etcd_3_7);
    state.facts.disk->shape = DiskShape::empty;
    state.facts.disk->identity.reset();
    ASSERT_TRUE(is<signal::cannot_continue>(read_replica(state)));
    state.facts.settings.etcd_version = etcd_3_6;
    EXPECT_TRUE(is<signal::needs_admission>(read_replica(state)));
}

TEST(VersionGate, AClusterVersionThatIsNotDecidedYetSaysNothing) {
    State state = about_to_start(etcd_3_5);
    state.facts.disk->cluster_version = "3.0.0";
    state.facts.record->replicas[Ordinal{0}].etcd_version = {};
    EXPECT_TRUE(is<signal::may_start>(read_replica(state)));
}

TEST(VersionGate, TheReleaseInTheRecordRisesWhenItServesAndFallsWhenItStarts) {
    State state = test::state();
    ReplicaEntry& entry = state.facts.record->replicas[Ordinal{0}];
    entry.etcd_version = etcd_3_5;
    state.facts.settings.etcd_version = etcd_3_6;
    EXPECT_EQ(etcd_3_5, with_confirmed(state.facts, Nonce{7}).replicas[Ordinal{0}].etcd_version);
    state.facts.probes[Ordinal{0}].status.version = etcd_3_6;
    EXPECT_TRUE(own_truth_is_untold(state));
    EXPECT_EQ(etcd_3_6, with_own_truth(state).replicas[Ordinal{0}].etcd_version);
    state.facts.probes[Ordinal{0}].status.serves = false;
    EXPECT_EQ(etcd_3_5, with_own_truth(state).replicas[Ordinal{0}].etcd_version);
    entry.etcd_version = etcd_3_6;
    state.facts.settings.etcd_version = etcd_3_5;
    EXPECT_EQ(etcd_3_5, with_confirmed(state.facts, Nonce{7}).replicas[Ordinal{0}].etcd_version);
}

TEST(VersionGate, ARebuildKeepsTheReleaseOfItsSurvivor) {
    State state = test::state();
    state.facts.record->replicas[Ordinal{0}].etcd_version = etcd_3_5;
    const ClusterRecord record = with_new_epoch(state.facts);
    EXPECT_EQ(etcd_3_5, record.replicas.find(Ordinal{0})->etcd_version);
    EXPECT_EQ(Version{}, record.replicas.find(Ordinal{1})->etcd_version);
}

}  // namespace
}  // namespace quorate
