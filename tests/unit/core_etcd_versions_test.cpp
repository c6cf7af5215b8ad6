// What depends on the etcd release, at the releases where it changes.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "core/rules/etcd_versions.hpp"
#include "core/rules/quorum.hpp"

namespace quorate {
namespace {

using enum VersionTrait;

struct Boundary {
    VersionTrait trait;
    Version without;
    Version with;
};

TEST(EtcdVersions, TraitsBeginAndEndWhereTheyWereMeasured) {
    const Boundary boundaries[] = {
        {adds_beside_a_dead_voter, {3, 5, 29}, {3, 5, 30}},
        {adds_beside_a_dead_voter, {3, 6, 0}, {3, 5, 99}},
        {adds_beside_a_dead_voter, {3, 6, 10}, {3, 6, 11}},
        {adds_beside_a_dead_voter, {3, 4, 44}, {3, 7, 0}},
        {logger_must_be_named, {3, 5, 0}, {3, 4, 44}},
        {corrupt_check_old_flags, {3, 6, 0}, {3, 5, 99}},
        {corrupt_check_new_flags, {3, 5, 99}, {3, 6, 0}},
        {acknowledges_before_fsync_alone, {3, 4, 21}, {3, 4, 20}},
        {acknowledges_before_fsync_alone, {3, 5, 5}, {3, 5, 4}},
        {diverges_after_crash, {3, 5, 3}, {3, 5, 2}},
        {skews_when_defragmenting, {3, 5, 6}, {3, 5, 5}},
        {skews_when_defragmenting, {3, 4, 44}, {3, 5, 0}},
        {diverges_after_crash, {3, 4, 44}, {3, 5, 0}},
    };
    for (const Boundary& boundary : boundaries) {
        EXPECT_FALSE(has(boundary.without, boundary.trait)) << to_text(boundary.without);
        EXPECT_TRUE(has(boundary.with, boundary.trait)) << to_text(boundary.with);
    }
}

TEST(EtcdVersions, EachRuleNamesItsSourceAndIsARealRange) {
    for (const auto* rule = begin_of_version_rules(); rule != end_of_version_rules(); ++rule) {
        EXPECT_LT(rule->from, rule->below) << rule->source;
        EXPECT_STRNE("", rule->source);
    }
}

TEST(EtcdVersions, ReleasesThatLoseDataAreRefused) {
    for (const Version bad :
         {Version{3, 3, 27}, {3, 4, 20}, {3, 5, 0}, {3, 5, 2}, {3, 5, 3}, {3, 5, 4}, {3, 5, 5}})
        EXPECT_NE("", version_refusal(bad)) << to_text(bad);
    for (const Version good : {Version{3, 4, 21}, {3, 4, 23}, {3, 5, 6}, {3, 6, 0}, {3, 7, 1}})
        EXPECT_EQ("", version_refusal(good)) << to_text(good);
}

TEST(EtcdVersions, ARefusalNamesTheReleaseAndTheWayOut) {
    EXPECT_NE(std::string::npos, version_refusal({3, 5, 1}).find("3.5.1"));
    EXPECT_NE(std::string::npos, version_refusal({3, 5, 1}).find("use 3.5.6 or later"));
    EXPECT_NE(std::string::npos, version_refusal({3, 4, 3}).find("3.4.21"));
}

using Flags = std::vector<std::string>;

TEST(EtcdVersions, EachLineGetsItsOwnSpellingOfFlags) {
    EXPECT_EQ((Flags{"--logger=zap", "--log-outputs=stderr",
                     "--experimental-initial-corrupt-check=true"}),
              flags_for({3, 4, 23}));
    EXPECT_EQ((Flags{"--experimental-initial-corrupt-check=true"}), flags_for({3, 5, 17}));
    EXPECT_EQ((Flags{"--feature-gates=InitialCorruptCheck=true"}), flags_for({3, 6, 0}));
    EXPECT_EQ((Flags{"--feature-gates=InitialCorruptCheck=true"}), flags_for({3, 7, 0}));
}

struct Add {
    Version version;
    std::size_t voters;
    std::size_t connected;
    bool allowed;
};
void PrintTo(const Add& add, std::ostream* out) {
    *out << to_text(add.version) << " with " << add.connected << " of " << add.voters;
}
class EtcdVersionsAdd : public testing::TestWithParam<Add> {};

TEST_P(EtcdVersionsAdd, IsAllowedOrRefused) {
    const Add& add = GetParam();
    EXPECT_EQ(add.allowed, may_add_member(add.version, add.voters, add.connected));
}
INSTANTIATE_TEST_SUITE_P(Measured, EtcdVersionsAdd,
                         testing::Values(Add{{3, 5, 29}, 1, 1, true}, Add{{3, 5, 29}, 1, 0, true},
                                         Add{{3, 5, 29}, 4, 3, false}, Add{{3, 5, 29}, 4, 4, true},
                                         Add{{3, 5, 30}, 3, 2, false}, Add{{3, 5, 30}, 3, 3, true},
                                         Add{{3, 5, 30}, 4, 3, true}, Add{{3, 5, 30}, 4, 2, false},
                                         Add{{3, 6, 10}, 4, 3, false}, Add{{3, 6, 11}, 4, 3, true},
                                         Add{{3, 6, 11}, 3, 2, false}, Add{{3, 6, 11}, 5, 4, true},
                                         Add{{3, 6, 11}, 2, 1, false}, Add{{3, 6, 11}, 2, 2, true},
                                         Add{{3, 4, 23}, 5, 4, false}));

// etcd-measured.md 1.1, cell by cell: an add, of a learner or a voter, beside so many dead voters.
struct MeasuredCell {
    std::size_t voters;
    std::size_t dead;
    Version version;
    bool accepted;
};
constexpr Version old_rule[] = {{3, 4, 23}, {3, 5, 23}, {3, 6, 10}};
constexpr Version new_rule[] = {{3, 6, 11}, {3, 5, 35}, {3, 7, 3}};

TEST(EtcdVersions, EveryMeasuredCellOfAddingBesideTheDeadIsAsTheTableSays) {
    std::vector<MeasuredCell> cells = {{5, 2, {3, 6, 10}, false}, {5, 2, {3, 6, 11}, false}};
    for (const Version version : old_rule) {
        cells.push_back({3, 0, version, true});
        for (const std::size_t voters : {std::size_t{3}, std::size_t{4}, std::size_t{5}})
            cells.push_back({voters, 1, version, false});
    }
    for (const Version version : new_rule) {
        cells.push_back({3, 0, version, true});
        cells.push_back({3, 1, version, false});
        cells.push_back({4, 1, version, true});
        cells.push_back({5, 1, version, true});
    }
    for (const MeasuredCell& cell : cells)
        EXPECT_EQ(cell.accepted, may_add_member(cell.version, cell.voters, cell.voters - cell.dead))
            << to_text(cell.version) << " " << cell.voters << "/" << cell.dead;
}

TEST(EtcdVersions, WhatMustHaveRunBeforeAMinorReleaseIsNamedWithItsSource) {
    for (const auto* row = begin_of_upgrade_floors(); row != end_of_upgrade_floors(); ++row) {
        EXPECT_EQ(minor_after(row->floor), row->to);
        EXPECT_EQ(minor_of(row->first), row->to);
        EXPECT_STRNE("", row->because);
        EXPECT_STRNE("", row->source);
    }
    EXPECT_EQ((Version{3, 5, 26}), upgrade_floor({3, 6, 16}).floor);
    EXPECT_EQ((Version{3, 6, 11}), upgrade_floor({3, 7, 3}).floor);
    EXPECT_EQ((Version{3, 4, 0}), upgrade_floor({3, 5, 35}).floor);
    EXPECT_EQ((Version{3, 8, 0}), upgrade_floor({3, 9, 1}).floor);
}

TEST(EtcdVersions, TextIsReadAsReleasesAreWritten) {
    EXPECT_EQ((Version{3, 6, 0}), parse_version("3.6.0"));
    EXPECT_EQ((Version{3, 6, 0}), parse_version("3.6"));
    EXPECT_EQ((Version{3, 10, 12}), parse_version("3.10.12"));
    EXPECT_EQ((Version{3, 8, 0}), parse_version("3.8.0-alpha.0"));
    EXPECT_EQ((Version{3, 5, 21}), parse_version("3.5.21+meta"));
    for (const char* nonsense : {"", "3", "3.", "3.6.", ".6", "v3.6.0", "3.6.0.1", "3..0", "-3.5",
                                 "3.6-rc.1", "not_decided", "3.6.0 "})
        EXPECT_EQ(Version{}, parse_version(nonsense)) << '"' << nonsense << '"';
}

TEST(EtcdVersions, ATextThatIsTooLongForANumberIsNoVersion) {
    EXPECT_EQ(Version{}, parse_version("3.4294967302.0")) << "must not wrap round to 3.6";
}

TEST(EtcdVersions, DataIsNeverOpenedByAnOlderMinorRelease) {
    EXPECT_TRUE(binary_is_older({3, 5, 30}, {3, 6, 0}));
    EXPECT_FALSE(binary_is_older({3, 6, 0}, {3, 6, 0}));
    EXPECT_FALSE(binary_is_older({3, 6, 0}, {3, 6, 11})) << "patches share a storage version";
    EXPECT_FALSE(binary_is_older({3, 7, 0}, {3, 6, 0}));
    EXPECT_FALSE(binary_is_older({3, 4, 23}, {})) << "3.4 and 3.5 write none";
}

TEST(Quorum, IsAMajorityOfVoters) {
    const std::size_t table[][2] = {{1, 1}, {2, 2}, {3, 2}, {4, 3}, {5, 3}, {6, 4}, {7, 4}};
    for (const auto& [voters, needed] : table)
        EXPECT_EQ(needed, quorum(voters)) << voters << " voters";
}

TEST(Quorum, ARemovalIsCountedAgainstThoseThatRemain) {
    EXPECT_FALSE(removal_keeps_quorum(1, 0)) << "the last voter is never removed";
    EXPECT_FALSE(removal_keeps_quorum(1, 1));
    EXPECT_TRUE(removal_keeps_quorum(2, 1));
    EXPECT_FALSE(removal_keeps_quorum(3, 1));
    EXPECT_TRUE(removal_keeps_quorum(3, 2));
    EXPECT_FALSE(removal_keeps_quorum(4, 1));
    EXPECT_TRUE(removal_keeps_quorum(4, 2));
    EXPECT_FALSE(removal_keeps_quorum(5, 2));
    EXPECT_TRUE(removal_keeps_quorum(5, 3));
}

}  // namespace
}  // namespace quorate
