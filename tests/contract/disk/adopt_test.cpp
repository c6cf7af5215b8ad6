// Making a prepared data directory that of a volume.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/contract/disk/files.hpp"
#include "tests/contract/disk/real_etcd.hpp"
#include "tests/contract/disk/witness.hpp"

namespace quorate::disk {
namespace {
namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

class Adopt : public testing::Test {
  protected:
    void SetUp() override {
        RealEtcd etcd(maker_);
        etcd.put_many(20);
        etcd.stop(SIGTERM);
    }

    TemporaryDirectory place_;
    Volume maker_{place_.path() / "maker"};
    Volume volume_{place_.path() / "replica-0"};
    fs::path prepared_ = maker_.root / "etcd";
};

TEST_F(Adopt, PreparedDirectoryBecomesTheData) {
    const DiskReport before = report_on(maker_);
    const auto adopted = adopt(volume_, prepared_);
    ASSERT_TRUE(adopted) << adopted.error().what;
    EXPECT_FALSE(fs::exists(prepared_));
    const DiskReport report = report_on(volume_);
    EXPECT_EQ(report.shape, DiskShape::whole);
    EXPECT_EQ(report.last, before.last);
    RealEtcd etcd(volume_);
    EXPECT_EQ(etcd.status().member_id, before.member_id);
}

TEST_F(Adopt, EveryFileIsOnTheMediumBeforeTheRename) {
    const std::string segment = segments_of(maker_).front().string();
    const std::string db = db_of(maker_).string();
    witnessed();
    ASSERT_TRUE(adopt(volume_, prepared_));
    std::vector<std::string> calls = witnessed();
    const auto rename =
        std::find(calls.begin(), calls.end(),
                  "rename " + prepared_.string() + " " + (volume_.root / "etcd").string());
    ASSERT_NE(rename, calls.end());
    const std::vector<std::string> before(calls.begin(), rename);
    const std::vector<std::string> after(rename, calls.end());
    EXPECT_THAT(before, Contains("fsync " + segment));
    EXPECT_THAT(before, Contains("fsync " + db));
    EXPECT_THAT(before, Contains("fsync " + wal_of(maker_).string()));
    EXPECT_THAT(before, Contains("fsync " + prepared_.string()));
    EXPECT_THAT(after, Contains("fsync " + volume_.root.string()));
    EXPECT_THAT(after, Contains("fsync " + maker_.root.string()));
}

TEST_F(Adopt, PresentDataIsNotReplaced) {
    fs::create_directories(volume_.root / "etcd");
    const auto adopted = adopt(volume_, prepared_);
    ASSERT_FALSE(adopted);
    EXPECT_EQ(adopted.error().kind, FailureKind::refused);
    EXPECT_THAT(adopted.error().what, HasSubstr("set it aside first"));
    EXPECT_TRUE(fs::exists(prepared_));
}

TEST_F(Adopt, DirectoryThatIsNotWholeIsRefused) {
    fs::remove_all(wal_of(maker_));
    const auto adopted = adopt(volume_, prepared_);
    ASSERT_FALSE(adopted);
    EXPECT_THAT(adopted.error().what, HasSubstr("not whole"));
    EXPECT_TRUE(fs::exists(prepared_));
    EXPECT_FALSE(fs::exists(volume_.root / "etcd"));
}

TEST_F(Adopt, MissingDirectoryIsAFailureThatNamesIt) {
    const auto adopted = adopt(volume_, place_.path() / "nowhere");
    ASSERT_FALSE(adopted);
    EXPECT_THAT(adopted.error().where, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace quorate::disk
