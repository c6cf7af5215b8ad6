// A report on a stopped directory agrees with what etcd said before it stopped.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <future>
#include <thread>

#include "adapters/disk/bbolt.hpp"
#include "adapters/disk/file.hpp"
#include "tests/contract/disk/files.hpp"
#include "tests/contract/disk/real_etcd.hpp"

namespace quorate::disk {
namespace {

void expect_same(const DiskReport& report, const Status& status) {
    EXPECT_EQ(report.shape, DiskShape::whole);
    EXPECT_EQ(report.fault, "");
    EXPECT_EQ(report.member_id, status.member_id);
    EXPECT_EQ(report.cluster_id, status.cluster_id);
    EXPECT_EQ(report.last.index, status.position.index);
    EXPECT_EQ(report.last.term, status.position.term);
    EXPECT_FALSE(report.in_use);
}

TEST(Report, MissingRootIsEmpty) {
    const TemporaryDirectory place;
    const DiskReport report = report_on(Volume{place.path() / "not" / "there"});
    EXPECT_EQ(report.shape, DiskShape::empty);
    EXPECT_FALSE(report.identity);
    EXPECT_FALSE(report.identity_unreadable);
    EXPECT_GT(report.bytes_free.value, 0U);
    EXPECT_EQ(report.bytes_used.value, 0U);
}

// Storage that is away for a while answers so for each volume that it carries.
TEST(Report, AnErrorOfTheStorageIsWorthAnotherTryAndNoDamage) {
    EXPECT_EQ(FailureKind::unavailable, failed("read", EIO, "wal").value().kind);
    EXPECT_EQ(FailureKind::refused, failed("open", ENOTDIR, "wal").value().kind);
}

TEST(Report, ExaminingChangesNothing) {
    const TemporaryDirectory place;
    const Volume volume{place.path() / "replica-0"};
    report_on(volume);
    EXPECT_FALSE(std::filesystem::exists(volume.root));
}

TEST(Report, AfterAnOrderlyStopItSaysWhatEtcdSaid) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    RealEtcd etcd(volume);
    etcd.put_many(40);
    const Status status = etcd.status();
    etcd.stop(SIGTERM);

    const DiskReport report = report_on(volume);
    expect_same(report, status);
    EXPECT_EQ(report.first_index, LogIndex{1});
    EXPECT_EQ(report.snapshot_index, LogIndex{0});
    EXPECT_EQ(report.consistent_index, status.position.index);
    EXPECT_GT(report.bytes_used.value, 1'000'000U);
}

TEST(Report, AfterAKillItSaysWhatEtcdSaid) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    RealEtcd etcd(volume);
    etcd.put_many(40);
    const Status status = etcd.status();
    etcd.stop(SIGKILL);

    const DiskReport report = report_on(volume);
    expect_same(report, status);
    EXPECT_LE(report.consistent_index, status.position.index);
}

TEST(Report, SnapshotsThatFilesBackAreFound) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    RealEtcd etcd(volume, {"--snapshot-count=10"});
    etcd.put_many(55);
    const Status status = etcd.status();
    etcd.stop(SIGTERM);

    const DiskReport report = report_on(volume);
    expect_same(report, status);
    EXPECT_GT(report.snapshot_index, LogIndex{20});
    EXPECT_LE(report.snapshot_index, status.position.index);
}

TEST(Report, TermGrowsWithEachRestart) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    Term before;
    for (int run = 0; run < 3; ++run) {
        RealEtcd etcd(volume);
        etcd.put_many(5);
        const Status status = etcd.status();
        etcd.stop(run % 2 == 0 ? SIGKILL : SIGTERM);
        const DiskReport report = report_on(volume);
        expect_same(report, status);
        EXPECT_GT(report.last.term, before);
        before = report.last.term;
    }
}

// Whatever moment the kill hits, what was acknowledged is in the WAL, and etcd starts on it.
TEST(Report, KilledWithinWritesIsWholeAndHoldsWhatWasAcknowledged) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    std::atomic<int> acknowledged = 0;
    for (int run = 0; run < 4; ++run) {
        RealEtcd etcd(volume, {"--snapshot-count=10"});
        const Status before = etcd.status();
        acknowledged = 0;
        const int wanted = 10 + 7 * run;
        std::promise<void> written;
        std::thread writer([&] {
            while (etcd.put("key", std::string(static_cast<std::size_t>(acknowledged), 'x'))) {
                if (++acknowledged == wanted) written.set_value();
            }
            if (acknowledged < wanted) written.set_value();
        });
        written.get_future().wait();
        etcd.stop(SIGKILL);
        writer.join();
        ASSERT_GE(acknowledged, wanted);

        const DiskReport report = report_on(volume);
        EXPECT_EQ(report.shape, DiskShape::whole) << report.fault;
        EXPECT_GE(report.last.index.value,
                  before.position.index.value + static_cast<std::uint64_t>(acknowledged));
        EXPECT_LE(report.consistent_index, report.last.index);
    }
    RealEtcd etcd(volume);
    EXPECT_GT(etcd.status().revision, 40);
}

TEST(Report, RunningEtcdIsInUseAndUndisturbed) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    RealEtcd etcd(volume);
    etcd.put_many(10);
    const DiskReport report = report_on(volume);
    EXPECT_TRUE(report.in_use);
    EXPECT_EQ(report.shape, DiskShape::whole);
    EXPECT_EQ(report.fault, "");
    EXPECT_EQ(report.member_id, etcd.status().member_id);
    EXPECT_TRUE(etcd.put("after", "it"));
    etcd.stop(SIGTERM);
    EXPECT_FALSE(report_on(volume).in_use);
}

TEST(Report, DbNamesItsMemberAndRevision) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    RealEtcd etcd(volume);
    etcd.put_many(300);
    const Status status = etcd.status();
    etcd.stop(SIGTERM);
    const auto db = read_db(volume.root / "etcd" / "member" / "snap" / "db");
    ASSERT_TRUE(db) << db.error().what;
    EXPECT_EQ(db->revision.value, status.revision);
    EXPECT_EQ(db->key_records, static_cast<std::uint64_t>(status.revision - 1));
    EXPECT_EQ(db->members, (std::vector{StoredMember{status.member_id, false}}));
    EXPECT_TRUE(db->removed.empty());
}

}  // namespace
}  // namespace quorate::disk
