// A disk continues its identity only when everything that binds it to the record agrees.
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <set>
#include <string>

#include "core/rules/identity.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

struct Pair {
    DiskReport disk = test::disk();
    ClusterRecord record = test::record();
    LogPosition remembered = {};
    ReplicaEntry& entry() { return record.replicas[Ordinal{0}]; }
    std::optional<Discontinuity> judged() {
        return discontinuity({Ordinal{0}, disk, record, remembered});
    }
    bool unused() { return start_unused({Ordinal{0}, disk, record, remembered}); }
};

struct Change {
    const char* name;
    std::optional<Discontinuity> why;
    std::function<void(Pair&)> apply;
};
void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }

using enum Discontinuity;

// clang-format off
const Change changes[] = {
    {"untouched",                 std::nullopt,  [](Pair&) {}},
    {"announced_and_stamped",     std::nullopt,  [](Pair& p) { p.entry().nonce_next = Nonce{5}; p.disk.identity->nonce = Nonce{5}; }},
    {"announced_not_stamped",     std::nullopt,  [](Pair& p) { p.entry().nonce_next = Nonce{5}; }},
    {"exactly_at_high_water",     std::nullopt,  [](Pair& p) { p.entry().high_water = p.disk.last; }},
    {"cluster_id_not_told_yet",   std::nullopt,  [](Pair& p) { p.record.cluster_id = ClusterId{}; }},
    {"member_id_not_told_yet",    std::nullopt,  [](Pair& p) { p.entry().member_id = MemberId{}; }},
    {"db_is_rebuilt_from_log",    std::nullopt,  [](Pair& p) { p.disk.shape = DiskShape::wal_without_db; }},
    {"a_stranger",                not_a_member,  [](Pair& p) { p.record.replicas.erase(Ordinal{0}); }},
    {"no_identity_file",          unidentified,  [](Pair& p) { p.disk.identity.reset(); }},
    {"identity_unreadable",       unidentified,  [](Pair& p) { p.disk.identity.reset(); p.disk.identity_unreadable = true; }},
    {"another_cluster",           other_lineage, [](Pair& p) { p.disk.identity->lineage = Lineage{"beef"}; }},
    {"earlier_epoch",             other_epoch,   [](Pair& p) { p.disk.identity->epoch = Epoch{1}; }},
    {"later_epoch",               other_epoch,   [](Pair& p) { p.disk.identity->epoch = Epoch{3}; }},
    {"swapped_volume",            other_ordinal, [](Pair& p) { p.disk.identity->ordinal = Ordinal{1}; }},
    {"rolled_back",               other_nonce,   [](Pair& p) { p.disk.identity->nonce = Nonce{69}; }},
    {"never_stamped",             other_nonce,   [](Pair& p) { p.disk.identity->nonce = Nonce{}; p.entry().nonce_next = Nonce{}; }},
    {"short_log_by_index",        behind,        [](Pair& p) { p.entry().high_water = {Term{3}, LogIndex{601}}; }},
    {"short_log_by_term",         behind,        [](Pair& p) { p.entry().high_water = {Term{4}, LogIndex{1}}; }},
    {"short_of_its_own_mark",     behind,        [](Pair& p) { p.disk.identity->high_water = {Term{3}, LogIndex{601}}; }},
    {"at_what_a_peer_remembers",  std::nullopt,  [](Pair& p) { p.remembered = p.disk.last; }},
    {"short_of_a_peers_memory",   behind_memory, [](Pair& p) { p.remembered = {Term{3}, LogIndex{601}}; }},
    {"wal_of_another_member",     other_member,  [](Pair& p) { p.disk.member_id = MemberId{999}; }},
    {"wal_of_another_cluster",    other_member,  [](Pair& p) { p.disk.cluster_id = ClusterId{999}; }},
    {"damaged_beyond_repair",     damaged,       [](Pair& p) { p.disk.shape = DiskShape::unreadable; }},
    {"wal_gone",                  without_wal,   [](Pair& p) { p.disk.shape = DiskShape::db_without_wal; }},
    {"db_gone_log_compacted",     without_db,    [](Pair& p) { p.disk.shape = DiskShape::wal_without_db; p.disk.first_index = LogIndex{2}; }},
    {"db_gone_log_on_snapshot",   without_db,    [](Pair& p) { p.disk.shape = DiskShape::wal_without_db; p.disk.snapshot_index = LogIndex{400}; }},
};
// clang-format on

class IdentityCase : public testing::TestWithParam<Change> {};

TEST_P(IdentityCase, IsJudged) {
    Pair pair;
    GetParam().apply(pair);
    const auto why = pair.judged();
    const auto name = [](const auto& one) { return one ? name_of(*one) : "continues"; };
    EXPECT_STREQ(name(GetParam().why), name(why));
}
INSTANTIATE_TEST_SUITE_P(Disks, IdentityCase, testing::ValuesIn(changes),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Identity, EachDiscontinuityHasACaseAndAName) {
    std::set<std::string> names;
    for (auto why = static_cast<int>(not_a_member); why <= static_cast<int>(without_db); ++why) {
        bool met = false;
        for (const Change& change : changes)
            met = met || change.why == static_cast<Discontinuity>(why);
        EXPECT_TRUE(met) << name_of(static_cast<Discontinuity>(why));
        names.insert(name_of(static_cast<Discontinuity>(why)));
    }
    EXPECT_EQ(11U, names.size()) << "names of set-aside data must differ";
    EXPECT_FALSE(names.contains("unknown"));
}

TEST(Identity, ZeroIsNoNonceEvenWhenNothingWasAnnounced) {
    Pair pair;
    pair.entry().nonce = Nonce{};
    pair.disk.identity->nonce = Nonce{};
    EXPECT_EQ(other_nonce, pair.judged());
}

// The record shows what it showed before the start that stamped the volume.
TEST(Identity, ARecordFromBeforeTheStartMakesNoVolumeLookRolledBack) {
    Pair pair;
    const Nonce before = pair.entry().nonce;
    pair.disk.identity->nonce = Nonce{9};
    EXPECT_EQ(other_nonce, pair.judged()) << "no copy says where its start began";
    pair.disk.identity->record = pair.record;
    pair.disk.identity->record->replicas[Ordinal{0}].nonce_next = Nonce{9};
    EXPECT_EQ(std::nullopt, pair.judged());
    pair.entry().nonce = Nonce{10};
    EXPECT_EQ(other_nonce, pair.judged()) << "another start came after it";
    pair.entry().nonce = before;
    pair.entry().member_id = MemberId{7};
    EXPECT_NE(std::nullopt, pair.judged()) << "let in anew since";
}

TEST(Identity, WhatThisLifeStampedIsNoOlderVolume) {
    Pair pair;
    pair.disk.identity->nonce = Nonce{9};
    EXPECT_EQ(std::nullopt, discontinuity({Ordinal{0}, pair.disk, pair.record, {}, Nonce{9}}));
    pair.disk.identity->nonce = Nonce{};
    EXPECT_EQ(other_nonce, discontinuity({Ordinal{0}, pair.disk, pair.record, {}, Nonce{}}));
}

struct Start : Pair {
    Start() {
        disk = DiskReport{};
        entry() = ReplicaEntry{};
        entry().claim = VolumeClaim::holding;
    }
    void announce() { entry().nonce_next = Nonce{5}; }
    void stamp(bool data_seen) {
        disk.identity =
            VolumeIdentity{record.lineage, record.epoch, Ordinal{0}, Nonce{5}, data_seen, {}, {}};
    }
    void confirm() {
        entry().nonce = Nonce{5};
        entry().nonce_next = Nonce{};
    }
};

TEST(StartUnused, BeforeAnythingWasAnnounced) {
    Start start;
    EXPECT_TRUE(start.unused());
}
TEST(StartUnused, WithoutAnEntry) {
    Start start;
    start.record.replicas.erase(Ordinal{0});
    EXPECT_TRUE(start.unused());
}
TEST(StartUnused, AnnouncedButNeverStamped) {
    Start start;
    start.announce();
    EXPECT_TRUE(start.unused());
}
TEST(StartUnused, StampedAndConfirmedBeforeTheFirstWal) {
    Start start;
    start.announce();
    start.stamp(false);
    EXPECT_TRUE(start.unused());
    start.confirm();
    EXPECT_TRUE(start.unused());
}
TEST(StartUnused, NotOnceDataWasSeen) {
    Start start;
    start.announce();
    start.stamp(true);
    start.confirm();
    EXPECT_FALSE(start.unused());
}
TEST(StartUnused, NotWhenTheConfirmedStampIsGone) {
    Start start;
    start.confirm();
    EXPECT_FALSE(start.unused()) << "the volume was replaced after etcd may have run";
}
TEST(StartUnused, NotOnAnotherReplicasVolume) {
    Start start;
    start.announce();
    start.stamp(false);
    start.disk.identity->ordinal = Ordinal{1};
    EXPECT_FALSE(start.unused());
}
TEST(StartUnused, NotFromAnEarlierEpochOrLineage) {
    Start start;
    start.announce();
    start.stamp(false);
    start.record.epoch = Epoch{3};
    EXPECT_FALSE(start.unused());
    start.record.epoch = Epoch{2};
    start.record.lineage = Lineage{"beef"};
    EXPECT_FALSE(start.unused());
}
TEST(StartUnused, NotWhenAPeerRemembersALog) {
    Start start;
    start.announce();
    start.stamp(false);
    start.remembered = {Term{1}, LogIndex{4}};
    EXPECT_FALSE(start.unused());
}
TEST(StartUnused, NotWhenThereIsData) {
    Start start;
    start.disk.shape = DiskShape::whole;
    EXPECT_FALSE(start.unused());
}

}  // namespace
}  // namespace quorate
