// Setting a data directory aside, and pruning what was set aside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/contract/disk/files.hpp"
#include "tests/contract/disk/real_etcd.hpp"
#include "tests/contract/disk/witness.hpp"

namespace quorate::disk {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant evening{1'795'247'217'654'321};  // 2026-11-21 07:46:57.654321 UTC

void make_data(const Volume& volume, std::size_t bytes = 10) {
    fs::create_directories(snap_of(volume));
    write_bytes(snap_of(volume) / "some", std::string(bytes, 'x'));
}

class SetAsideTest : public testing::Test {
  protected:
    std::string set_aside_at(Instant at, std::size_t bytes = 10) {
        make_data(volume_, bytes);
        auto name = set_aside(volume_, {.reason = "test", .at = at});
        EXPECT_TRUE(name) << (name ? "" : name.error().what);
        return name ? *name : "";
    }

    bool there(const std::string& name) const {
        return fs::exists(volume_.root / "set-aside" / name);
    }

    std::vector<std::string> prune(Retention retention, Instant now = evening) {
        auto pruned = prune_set_aside(volume_, retention, now);
        EXPECT_TRUE(pruned) << (pruned ? "" : pruned.error().what);
        return pruned ? pruned->names : std::vector<std::string>{};
    }

    TemporaryDirectory place_;
    Volume volume_{place_.path() / "replica-0"};
    static constexpr Bytes plenty{1'000'000'000};
};

TEST_F(SetAsideTest, NameSaysWhenAndWhy) {
    make_data(volume_);
    const auto name = set_aside(volume_, {.reason = "wal-damaged", .at = evening});
    ASSERT_TRUE(name) << name.error().what;
    EXPECT_EQ(*name, "20261121T074657Z-wal-damaged");
    EXPECT_FALSE(fs::exists(volume_.root / "etcd"));
    EXPECT_EQ(bytes_of(volume_.root / "set-aside" / *name / "member" / "snap" / "some"),
              "xxxxxxxxxx");
    EXPECT_EQ(report_on(volume_).shape, DiskShape::empty);
}

TEST_F(SetAsideTest, TakenNameGetsANumber) {
    EXPECT_EQ(set_aside_at(evening), "20261121T074657Z-test");
    EXPECT_EQ(set_aside_at(evening), "20261121T074657Z-test-2");
    EXPECT_EQ(set_aside_at(evening), "20261121T074657Z-test-3");
    EXPECT_TRUE(there("20261121T074657Z-test"));
}

TEST_F(SetAsideTest, WithoutDataDirectoryThereIsNothingToDo) {
    const auto name = set_aside(volume_, {.reason = "again", .at = evening});
    ASSERT_TRUE(name);
    EXPECT_EQ(*name, "");
    EXPECT_FALSE(fs::exists(volume_.root));
}

TEST_F(SetAsideTest, MoveIsDurableOnBothSidesWhenItReturns) {
    make_data(volume_);
    fs::create_directories(volume_.root / "set-aside");
    witnessed();
    const auto name = set_aside(volume_, {.reason = "test", .at = evening});
    ASSERT_TRUE(name);
    const std::string root = volume_.root.string();
    EXPECT_THAT(witnessed(), ElementsAre("rename " + root + "/etcd " + root + "/set-aside/" + *name,
                                         "fsync " + root + "/set-aside", "fsync " + root));
}

TEST_F(SetAsideTest, ReasonThatIsNoNameIsRefused) {
    make_data(volume_);
    for (const std::string& reason :
         {std::string(), std::string("../x"), std::string("Two Words"), std::string(65, 'a')}) {
        const auto name = set_aside(volume_, {.reason = reason, .at = evening});
        ASSERT_FALSE(name) << reason;
        EXPECT_EQ(name.error().kind, FailureKind::refused);
    }
    EXPECT_TRUE(fs::exists(volume_.root / "etcd"));
}

TEST_F(SetAsideTest, RunningEtcdKeepsItsDirectory) {
    RealEtcd etcd(volume_);
    const auto name = set_aside(volume_, {.reason = "test", .at = evening});
    ASSERT_FALSE(name);
    EXPECT_THAT(name.error().what, HasSubstr("in use"));
    EXPECT_TRUE(fs::exists(volume_.root / "etcd"));
    etcd.stop(SIGTERM);
    EXPECT_TRUE(set_aside(volume_, {.reason = "test", .at = evening}));
}

TEST_F(SetAsideTest, PruneWithoutAnythingSetAsideIsFine) {
    EXPECT_THAT(prune({.age = hours(1), .bytes = plenty, .keep = 0}), IsEmpty());
}

TEST_F(SetAsideTest, PruneTakesWhatIsTooOld) {
    const std::string old = set_aside_at(evening - hours(25));
    const std::string young = set_aside_at(evening - hours(23));
    EXPECT_THAT(prune({.age = hours(24), .bytes = plenty, .keep = 0}), ElementsAre(old));
    EXPECT_FALSE(there(old));
    EXPECT_TRUE(there(young));
}

TEST_F(SetAsideTest, PruneTakesTheOldestBeyondTheBytes) {
    const std::string first = set_aside_at(evening - hours(3), 1'000'000);
    const std::string second = set_aside_at(evening - hours(2), 1'000'000);
    const std::string third = set_aside_at(evening - hours(1), 1'000'000);
    EXPECT_THAT(prune({.age = hours(24), .bytes = {2'500'000}, .keep = 0}), ElementsAre(first));
    EXPECT_TRUE(there(second));
    EXPECT_TRUE(there(third));
}

TEST_F(SetAsideTest, PruneNeverTakesTheNewestOnes) {
    const std::string first = set_aside_at(evening - hours(300));
    const std::string second = set_aside_at(evening - hours(200));
    const std::string third = set_aside_at(evening - hours(100));
    EXPECT_THAT(prune({.age = hours(1), .bytes = {0}, .keep = 2}), ElementsAre(first));
    EXPECT_TRUE(there(second));
    EXPECT_TRUE(there(third));
}

TEST_F(SetAsideTest, PruneKnowsTheNewestWithinOneSecond) {
    std::string newest;
    for (int i = 0; i < 11; ++i)
        newest = set_aside_at(evening);
    EXPECT_EQ(newest, "20261121T074657Z-test-11");
    EXPECT_EQ(prune({.age = Span{-1}, .bytes = {0}, .keep = 1}).size(), 10U);
    EXPECT_TRUE(there(newest));
}

TEST_F(SetAsideTest, PruneLeavesOtherNamesAlone) {
    const fs::path directory = volume_.root / "set-aside";
    for (const std::string name :
         {"notes", "20261121T074657Z", "20261341T074657Z-x", "x.deleting"}) {
        fs::create_directories(directory / name);
    }
    EXPECT_THAT(prune({.age = Span{-1}, .bytes = {0}, .keep = 0}), IsEmpty());
    EXPECT_TRUE(there("notes"));
    EXPECT_TRUE(there("20261121T074657Z"));
    EXPECT_TRUE(there("20261341T074657Z-x"));
    EXPECT_TRUE(there("x.deleting"));
}

TEST_F(SetAsideTest, PruneEndsWhatAnEarlierOneBegan) {
    const std::string name = set_aside_at(evening);
    const fs::path directory = volume_.root / "set-aside";
    fs::rename(directory / name, directory / (name + ".deleting"));
    EXPECT_THAT(prune({.age = hours(1), .bytes = plenty, .keep = 5}), IsEmpty());
    EXPECT_TRUE(fs::is_empty(directory));
}

}  // namespace
}  // namespace quorate::disk
