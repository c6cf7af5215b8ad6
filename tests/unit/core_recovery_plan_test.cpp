// Choosing a survivor: the best by term, then index; honest about what may be lost; a token that
// binds an approval to what was shown.
#include <gtest/gtest.h>

#include <functional>

#include "core/rules/backoff.hpp"
#include "core/rules/recovery_plan.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

LogPosition at(std::uint64_t term, std::uint64_t index) { return {Term{term}, LogIndex{index}}; }

ReplicaEntry& entry(ClusterRecord& record, std::uint32_t ordinal) {
    return record.replicas[Ordinal{ordinal}];
}

// Replica 0 and 1 have told, 2 is silent.
ClusterRecord two_of_three(LogPosition first, LogPosition second) {
    ClusterRecord record = test::record(3);
    entry(record, 0).surviving = first;
    entry(record, 1).surviving = second;
    return record;
}

TEST(RecoveryPlan, NobodyToRebuildFromIsNoPlan) {
    EXPECT_EQ(std::nullopt, plan_recovery(test::record(3)));
}

TEST(RecoveryPlan, AHigherTermWinsOverALongerLog) {
    const auto plan = plan_recovery(two_of_three(at(4, 10), at(3, 900)));
    EXPECT_EQ(Ordinal{0}, plan->survivors.front().ordinal);
}

TEST(RecoveryPlan, TheLongerLogWinsWithinATerm) {
    const auto plan = plan_recovery(two_of_three(at(3, 899), at(3, 900)));
    EXPECT_EQ(Ordinal{1}, plan->survivors.front().ordinal);
}

TEST(RecoveryPlan, TheLowestOrdinalWinsAmongEquals) {
    const auto plan = plan_recovery(two_of_three(at(3, 900), at(3, 900)));
    EXPECT_EQ(Ordinal{0}, plan->survivors.front().ordinal);
}

TEST(RecoveryPlan, EverybodyIsASurvivorGoneOrSilent) {
    ClusterRecord record = test::record(4);
    entry(record, 0).surviving = at(3, 900);
    entry(record, 1).claim = VolumeClaim::wants_admission;
    entry(record, 3).member_id = MemberId{};  // no member: of no account
    const auto plan = plan_recovery(record);
    EXPECT_EQ(1U, plan->survivors.size());
    EXPECT_EQ(std::vector<Ordinal>{Ordinal{1}}, plan->gone);
    EXPECT_EQ(std::vector<Ordinal>{Ordinal{2}}, plan->silent);
}

TEST(RecoveryPlan, ASilentMemberMayHoldMore) {
    EXPECT_TRUE(plan_recovery(two_of_three(at(3, 900), at(3, 900)))->may_lose);
}

TEST(RecoveryPlan, NothingIsLostWhenAllOthersStoppedCleanlyBehindIt) {
    ClusterRecord record = test::record(3);
    entry(record, 0).surviving = at(3, 900);
    for (const std::uint32_t other : {1U, 2U}) {
        entry(record, other).high_water = at(3, 900);
        entry(record, other).high_water_final = true;
    }
    EXPECT_FALSE(plan_recovery(record)->may_lose);
    entry(record, 2).high_water = at(3, 901);
    EXPECT_TRUE(plan_recovery(record)->may_lose) << "its final mark is ahead of the survivor";
}

TEST(RecoveryPlan, AFounderThatNeverAnnouncedAStampHoldsNothing) {
    ClusterRecord record = test::record(3);
    record.stage = RecordStage::forming;
    record.founders = {Ordinal{0}, Ordinal{1}, Ordinal{2}};
    for (const std::uint32_t one : {0U, 1U, 2U}) {
        entry(record, one) = {};
        entry(record, one).claim = VolumeClaim::holding;
    }
    entry(record, 0).nonce = Nonce{70};
    entry(record, 0).surviving = at(1, 3);
    EXPECT_FALSE(plan_recovery(record)->may_lose);
    EXPECT_EQ(LogIndex{}, plan_recovery(record)->bump) << "no revision was ever told";
    entry(record, 2).nonce_next = Nonce{72};
    EXPECT_TRUE(plan_recovery(record)->may_lose) << "it may have stamped, and run since";
}

TEST(RecoveryPlan, ASurvivorShortOfItsOwnMarkMayHaveLost) {
    ClusterRecord record = test::record(1);
    entry(record, 0).surviving = at(3, 499);
    EXPECT_TRUE(plan_recovery(record)->may_lose);
}

TEST(RecoveryPlan, TheRevisionIsRaisedBeyondTheHighestMark) {
    ClusterRecord record = two_of_three(at(3, 900), at(3, 800));
    const LogIndex margin = plan_recovery(record)->bump;
    entry(record, 2).high_water = at(3, 1000);
    EXPECT_EQ(margin.value + 100, plan_recovery(record)->bump.value);
    entry(record, 2).high_water = at(3, 700);
    EXPECT_EQ(margin, plan_recovery(record)->bump) << "never less than the margin";
}

TEST(RecoveryPlan, TheRevisionIsRaisedBeyondWhatASurvivorSawOfTheLost) {
    ClusterRecord record = two_of_three(at(3, 900), at(3, 800));
    for (auto& [ordinal, one] : record.replicas)
        one.high_water_final = true;
    const auto before = plan_recovery(record);
    ASSERT_FALSE(before->may_lose);
    entry(record, 1).seen = LogIndex{950};
    const auto plan = plan_recovery(record);
    EXPECT_EQ(before->bump.value + 50, plan->bump.value);
    EXPECT_TRUE(plan->may_lose) << "entries up to 950 were committed, and nobody has them";
}

TEST(RecoveryPlan, ABestSurvivorBeyondTheDesiredReplicasIsNoChoice) {
    const auto plan = plan_recovery(two_of_three(at(3, 800), at(3, 900)));
    EXPECT_TRUE(survivor_is_scaled_away(*plan, Desired{1, PodManagement::parallel}));
    EXPECT_FALSE(survivor_is_scaled_away(*plan, Desired{2, PodManagement::parallel}));
}

TEST(RecoveryPlan, FoundersCountBeforeTheyAreFormed) {
    ClusterRecord record = test::record(2);
    record.stage = RecordStage::forming;
    entry(record, 1).member_id = MemberId{};
    entry(record, 0).surviving = at(1, 5);
    EXPECT_EQ(std::vector<Ordinal>{Ordinal{1}}, plan_recovery(record)->silent);
}

TEST(RecoveryToken, ChangesWithAllThatWasShown) {
    const ClusterRecord record = two_of_three(at(3, 900), at(3, 800));
    const std::string token = plan_recovery(record)->token;
    EXPECT_EQ(12U, token.size());
    EXPECT_EQ(token, plan_recovery(record)->token) << "it is a function of the record";
    const std::function<void(ClusterRecord&)> changes[] = {
        [](ClusterRecord& r) { r.epoch = Epoch{3}; },
        [](ClusterRecord& r) { r.lineage = Lineage{"beef"}; },
        [](ClusterRecord& r) { entry(r, 0).surviving = at(3, 901); },
        [](ClusterRecord& r) { entry(r, 0).surviving = at(4, 900); },
        [](ClusterRecord& r) { entry(r, 1).surviving.reset(); },
        [](ClusterRecord& r) { entry(r, 2).surviving = at(3, 1); },
        [](ClusterRecord& r) { entry(r, 2).claim = VolumeClaim::wants_admission; },
    };
    for (const auto& change : changes) {
        ClusterRecord other = record;
        change(other);
        EXPECT_NE(token, plan_recovery(other)->token) << "change " << (&change - changes);
    }
}

TEST(RecoveryToken, OfAPlanThatLosesNothingIsStaleOnceSomethingMayBeLost) {
    ClusterRecord record = two_of_three(at(3, 900), at(3, 800));
    entry(record, 2).high_water = at(3, 850);
    entry(record, 2).high_water_final = true;
    const auto shown = plan_recovery(record);
    ASSERT_FALSE(shown->may_lose);
    entry(record, 2).high_water = at(3, 950);
    const auto now = plan_recovery(record);
    ASSERT_TRUE(now->may_lose);
    EXPECT_EQ(shown->survivors, now->survivors);
    EXPECT_NE(shown->token, now->token);
}

TEST(RecoveryToken, ChangesWithWhoIsNotHeardOf) {
    ClusterRecord record = two_of_three(at(3, 900), at(3, 800));
    const auto shown = plan_recovery(record);
    ASSERT_EQ(1U, shown->silent.size());
    record.replicas[Ordinal{3}] = *record.replicas.find(Ordinal{2});
    EXPECT_NE(shown->token, plan_recovery(record)->token);
}

TEST(RecoveryToken, DoesNotChangeWithTheDocumentsRevision) {
    ClusterRecord record = two_of_three(at(3, 900), at(3, 800));
    const std::string token = plan_recovery(record)->token;
    record.revision = RecordRevision{41};
    EXPECT_EQ(token, plan_recovery(record)->token);
}

RecoveryPlan harmless() {
    RecoveryPlan plan;
    plan.survivors = {{Ordinal{0}, at(3, 900)}};
    plan.may_lose = false;
    return plan;
}

TEST(FreeRebuild, WhenOnlyTheSurvivorIsDesiredAndNothingIsLost) {
    EXPECT_TRUE(rebuild_is_free(harmless(), Desired{1}));
}
TEST(FreeRebuild, NotWhenAnythingMayBeLost) {
    RecoveryPlan plan = harmless();
    plan.may_lose = true;
    EXPECT_FALSE(rebuild_is_free(plan, Desired{1}));
}
TEST(FreeRebuild, NotWhenOthersAreStillDesired) {
    EXPECT_FALSE(rebuild_is_free(harmless(), Desired{2}));
    EXPECT_FALSE(rebuild_is_free(harmless(), Desired{0}));
}
TEST(FreeRebuild, NotWhenTheSurvivorItselfIsNotDesired) {
    RecoveryPlan plan = harmless();
    plan.survivors.front().ordinal = Ordinal{1};
    EXPECT_FALSE(rebuild_is_free(plan, Desired{1}));
}

TEST(Backoff, DoublesFromMinToMax) {
    const BackoffBounds bounds{milliseconds(200), seconds(1)};
    const Span expected[] = {milliseconds(200), milliseconds(200), milliseconds(400),
                             milliseconds(800), seconds(1),        seconds(1)};
    for (std::uint32_t failures = 0; failures < 6; ++failures)
        EXPECT_EQ(expected[failures].us, backoff(bounds, failures).us) << failures;
}
TEST(Backoff, NeverOverflows) {
    EXPECT_EQ(seconds(30), backoff({milliseconds(200), seconds(30)}, 4'000'000'000U));
}

}  // namespace
}  // namespace quorate
