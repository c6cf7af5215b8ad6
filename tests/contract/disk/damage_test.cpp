// Each way in which a data directory was seen to break, done to one that a real etcd wrote, has its
// shape and a fault that says where (etcd-measured 1.3 and 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <memory>

#include "tests/contract/disk/files.hpp"
#include "tests/contract/disk/real_etcd.hpp"

namespace quorate::disk {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

// Written once; each test damages a copy.
class Damage : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        written_ = std::make_unique<TemporaryDirectory>();
        write("plain", {}, 300, SIGTERM);
        write("snapped", {"--snapshot-count=10"}, 55, SIGTERM);
        // Nothing is applied to the db on disk before the kill.
        write("lagging", {"--backend-batch-interval=1h", "--backend-batch-limit=100000"}, 40,
              SIGKILL);
    }
    static void TearDownTestSuite() { written_.reset(); }

    static void write(const std::string& name, const RealEtcd::Flags& flags, int puts, int signal) {
        RealEtcd etcd(Volume{written_->path() / name}, flags);
        etcd.put_many(puts);
        ASSERT_TRUE(etcd.put("large", std::string(4096, 'x')));
        etcd.stop(signal);
    }

    Volume copy_of(const std::string& name) {
        const Volume copy{place_.path() / name};
        copy_volume(Volume{written_->path() / name}, copy);
        EXPECT_EQ(report_on(copy).shape, DiskShape::whole) << report_on(copy).fault;
        return copy;
    }

    const fs::path& place() const { return place_.path(); }

  private:
    static inline std::unique_ptr<TemporaryDirectory> written_;
    TemporaryDirectory place_;
};

TEST_F(Damage, MemberDirectoryWithoutFilesIsEmpty) {
    const Volume volume = copy_of("plain");
    fs::remove_all(volume.root / "etcd" / "member");
    EXPECT_EQ(report_on(volume).shape, DiskShape::empty);
    fs::create_directories(wal_of(volume));
    fs::create_directories(snap_of(volume));
    EXPECT_EQ(report_on(volume).shape, DiskShape::empty);
}

TEST_F(Damage, DbDeletedUnderALogFromIndexOneIsWalWithoutDb) {
    const Volume volume = copy_of("plain");
    const DiskReport before = report_on(volume);
    fs::remove(db_of(volume));
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::wal_without_db);
    EXPECT_EQ(report.fault, "");
    EXPECT_EQ(report.first_index, LogIndex{1});
    EXPECT_EQ(report.last, before.last);
    EXPECT_EQ(report.member_id, before.member_id);

    RealEtcd etcd(volume);  // rebuilds it
    EXPECT_GT(etcd.status().revision, 300);
}

TEST_F(Damage, DbWithoutBytesIsNone) {
    const Volume volume = copy_of("plain");
    cut(db_of(volume), 0);
    EXPECT_EQ(report_on(volume).shape, DiskShape::wal_without_db);
}

TEST_F(Damage, DbDeletedAfterASnapshotIsUnreadable) {
    const Volume volume = copy_of("snapped");
    fs::remove(db_of(volume));
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr("the db is missing"));
}

TEST_F(Damage, WalDeletedIsDbWithoutWal) {
    const Volume volume = copy_of("plain");
    const DiskReport before = report_on(volume);
    fs::remove_all(wal_of(volume));
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::db_without_wal);
    EXPECT_EQ(report.consistent_index, before.consistent_index);
    EXPECT_EQ(report.member_id, MemberId{});
    EXPECT_EQ(report.last, LogPosition{});
}

TEST_F(Damage, SnapshotsAloneAreNotEmpty) {
    const Volume volume = copy_of("snapped");
    fs::remove_all(wal_of(volume));
    fs::remove(db_of(volume));
    EXPECT_EQ(report_on(volume).shape, DiskShape::unreadable);
}

TEST_F(Damage, DbTruncatedInsideUsedPagesIsUnreadable) {
    const Volume volume = copy_of("plain");
    cut(db_of(volume), 40 * 1024);
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    // Beyond it, or cut off by it: where a page with overflow lies is etcd's choice.
    EXPECT_THAT(report.fault, HasSubstr("the end of the file"));
    EXPECT_THAT(report.fault, HasSubstr("page "));
    EXPECT_NE(report.member_id, MemberId{});  // the WAL still tells whose it is
}

TEST_F(Damage, OneLostMetaIsSurvivedAndBothAreNot) {
    const Volume volume = copy_of("plain");
    flip_bit(db_of(volume), 40);
    EXPECT_EQ(report_on(volume).shape, DiskShape::whole) << report_on(volume).fault;
    flip_bit(db_of(volume), 4096 + 40);
    EXPECT_THAT(report_on(volume).fault, HasSubstr("neither meta page is valid"));
}

TEST_F(Damage, PageHeaderFlippedIsUnreadable) {
    const Volume volume = copy_of("plain");
    const std::uint64_t pages = fs::file_size(db_of(volume)) / 4096;
    int noticed = 0;
    for (std::uint64_t page = 2; page < pages; ++page) {
        flip_bit(db_of(volume), page * 4096);
        if (report_on(volume).shape == DiskShape::unreadable) ++noticed;
        flip_bit(db_of(volume), page * 4096);
    }
    EXPECT_GT(noticed, 6);  // the others are free pages
}

TEST_F(Damage, KeyOutOfOrderIsUnreadable) {
    const Volume volume = copy_of("plain");
    std::string bytes = bytes_of(db_of(volume));
    // Revision 150 as a key of bucket `key`: main, '_', sub. Free pages hold old copies of it.
    const std::string key = std::string(7, '\0') + '\x96' + '_' + std::string(8, '\0');
    for (std::size_t at = 0; (at = bytes.find(key, at)) != std::string::npos; ++at)
        bytes[at] = 1;
    write_bytes(db_of(volume), bytes);
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr("keys out of order"));
}

TEST_F(Damage, BitFlippedWithinTheWalIsUnreadableAndSaysWhere) {
    const Volume volume = copy_of("plain");
    const fs::path segment = segments_of(volume).front();
    const auto frames = frames_of(segment);
    const Frame& middle = frames[frames.size() / 2];
    flip_bit(segment, middle.offset + middle.size / 2);
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault,
                HasSubstr(segment.filename().string() + " at " + std::to_string(middle.offset)));
}

TEST_F(Damage, BitFlippedInTheLastEntryIsUnreadable) {
    const Volume volume = copy_of("plain");
    const fs::path segment = segments_of(volume).front();
    const Frame last = last_entry_of(segment);
    flip_bit(segment, last.offset + last.size - 32);
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr("checksum mismatch"));
}

// etcd of 3.5.7 and later takes a length beyond the file for a torn tail and cuts all that follows.
TEST_F(Damage, ImpossibleLengthWithinTheWalIsUnreadable) {
    const Volume volume = copy_of("plain");
    const fs::path segment = segments_of(volume).front();
    const auto frames = frames_of(segment);
    flip_bit(segment, frames[frames.size() / 2].offset + 4);
    EXPECT_THAT(report_on(volume).fault, HasSubstr("impossible length"));
}

TEST_F(Damage, WalCutWithinTheLastEntryIsWholeWithALowerIndex) {
    const Volume volume = copy_of("lagging");
    const DiskReport before = report_on(volume);
    const fs::path segment = segments_of(volume).front();
    const Frame last = last_entry_of(segment);
    for (const std::uint64_t size :
         {last.size - 1, last.size / 2, std::uint64_t{9}, std::uint64_t{3}}) {
        cut(segment, last.offset + size);
        const DiskReport report = report_on(volume);
        EXPECT_EQ(report.shape, DiskShape::whole) << report.fault;
        EXPECT_EQ(report.last.index.value, before.last.index.value - 1);
        EXPECT_EQ(report.member_id, before.member_id);
    }
    RealEtcd etcd(volume);  // repairs it
    EXPECT_EQ(etcd.status().member_id, before.member_id);
}

TEST_F(Damage, SectorOfZerosInTheLastEntryIsATornTail) {
    const Volume volume = copy_of("lagging");
    const DiskReport before = report_on(volume);
    const fs::path segment = segments_of(volume).front();
    const Frame last = last_entry_of(segment);
    overwrite(segment, (last.offset / 512 + 2) * 512, std::string(512, '\0'));
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::whole) << report.fault;
    EXPECT_EQ(report.last.index.value, before.last.index.value - 1);
    RealEtcd etcd(volume);
    EXPECT_EQ(etcd.status().member_id, before.member_id);
}

TEST_F(Damage, HalfASectorOfZerosInTheLastEntryIsUnreadable) {
    const Volume volume = copy_of("lagging");
    const fs::path segment = segments_of(volume).front();
    overwrite(segment, (last_entry_of(segment).offset / 512 + 2) * 512, std::string(256, '\0'));
    EXPECT_THAT(report_on(volume).fault, HasSubstr("checksum mismatch"));
}

TEST_F(Damage, WalCutBelowWhatTheDbAppliedIsAPhantom) {
    const Volume volume = copy_of("plain");
    const fs::path segment = segments_of(volume).front();
    cut(segment, last_entry_of(segment).offset + 12);
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr("phantom"));
}

TEST_F(Damage, LeftoversOfEtcdItselfDoNotCount) {
    const Volume volume = copy_of("snapped");
    const DiskReport before = report_on(volume);
    write_bytes(wal_of(volume) / "0.tmp", std::string(100, '\1'));
    write_bytes(wal_of(volume) / "0000000000000007-0000000000000100.wal.broken", "?");
    write_bytes(snap_of(volume) / "db.tmp.123", "?");
    write_bytes(snap_of(volume) / "00000000000000ff-00000000000000ff.snap.broken", "?");
    DiskReport report = report_on(volume);
    report.bytes_free = before.bytes_free;
    report.bytes_used = before.bytes_used;
    EXPECT_EQ(report, before);
}

TEST_F(Damage, NewestSnapDamagedFallsBackToTheOneBefore) {
    const Volume volume = copy_of("snapped");
    const DiskReport before = report_on(volume);
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(snap_of(volume))) {
        if (entry.path().extension() == ".snap") newest = std::max(newest, entry.path());
    }
    flip_bit(newest, 200);
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::whole) << report.fault;
    EXPECT_LT(report.snapshot_index, before.snapshot_index);
    EXPECT_GT(report.snapshot_index, LogIndex{0});
    RealEtcd etcd(volume);
    EXPECT_EQ(etcd.status().member_id, before.member_id);
}

TEST_F(Damage, AllSnapFilesGoneIsUnreadable) {
    const Volume volume = copy_of("snapped");
    for (const auto& entry : fs::directory_iterator(snap_of(volume))) {
        if (entry.path().extension() == ".snap") fs::remove(entry.path());
    }
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr("no .snap file backs it"));
}

TEST_F(Damage, DbOlderThanTheSnapshotIsUnreadableWithoutItsSnapDb) {
    const Volume volume = copy_of("plain");
    const std::string old_db = bytes_of(db_of(volume));
    {
        RealEtcd etcd(volume, {"--snapshot-count=10"});
        etcd.put_many(30);
        etcd.stop(SIGTERM);
    }
    const DiskReport whole = report_on(volume);
    ASSERT_EQ(whole.shape, DiskShape::whole) << whole.fault;
    ASSERT_GT(whole.snapshot_index, LogIndex{300});
    const std::string new_db = bytes_of(db_of(volume));

    write_bytes(db_of(volume), old_db);
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr(".snap.db is missing"));

    char name[32];
    std::snprintf(name, sizeof name, "%016lx.snap.db",
                  static_cast<unsigned long>(whole.snapshot_index.value));
    write_bytes(snap_of(volume) / name, new_db);
    EXPECT_EQ(report_on(volume).shape, DiskShape::whole) << report_on(volume).fault;
    RealEtcd etcd(volume);  // moves the .snap.db into place
    EXPECT_GT(etcd.status().revision, 330);
}

// etcdctl writes the .snap last but one and the snapshot record last; killed before, it leaves a
// directory that boots, serves every key, and leaves each member that joins empty.
TEST_F(Damage, RestoreCutShortIsNotExplainedByItsWal) {
    const Volume source = copy_of("plain");
    const Volume volume{place() / "restored"};
    fs::create_directories(volume.root);
    const std::string command = "etcdctl snapshot restore '" + db_of(source).string() +
                                "' --skip-hash-check --data-dir '" +
                                (volume.root / "etcd").string() + "' > /dev/null 2>&1";
    ::setenv("ETCDCTL_API", "3", 1);
    ASSERT_EQ(std::system(command.c_str()), 0);
    const DiskReport whole = report_on(volume);
    EXPECT_EQ(whole.shape, DiskShape::whole) << whole.fault;
    EXPECT_EQ(whole.snapshot_index, LogIndex{1});

    for (const auto& entry : fs::directory_iterator(snap_of(volume))) {
        if (entry.path().extension() == ".snap") fs::remove(entry.path());
    }
    EXPECT_THAT(report_on(volume).fault, HasSubstr("no .snap file backs it"));

    const fs::path segment = segments_of(volume).front();
    const auto frames = frames_of(segment);
    ASSERT_EQ(frames.back().type, 5U);  // the snapshot record
    cut(segment, frames.back().offset);
    const DiskReport report = report_on(volume);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr("members that join would stay empty"));
}

// A WAL of more than one segment takes 64 MB of writes.
class DamagedSegments : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        written_ = std::make_unique<TemporaryDirectory>();
        RealEtcd etcd(Volume{written_->path()});
        for (int i = 0; i < 70; ++i) {
            const auto letter = static_cast<char>('a' + i % 26);
            ASSERT_TRUE(etcd.put("key" + std::to_string(i), std::string(1'000'000, letter)));
        }
        etcd.stop(SIGTERM);
    }
    static void TearDownTestSuite() { written_.reset(); }

    void SetUp() override {
        copy_volume(Volume{written_->path()}, volume_);
        segments_ = segments_of(volume_);
        ASSERT_EQ(segments_.size(), 2U);
        ASSERT_EQ(report_on(volume_).shape, DiskShape::whole) << report_on(volume_).fault;
    }

    TemporaryDirectory place_;
    Volume volume_{place_.path()};
    std::vector<fs::path> segments_;

  private:
    static inline std::unique_ptr<TemporaryDirectory> written_;
};

TEST_F(DamagedSegments, LogIsReadAcrossThem) {
    const DiskReport report = report_on(volume_);
    EXPECT_EQ(report.first_index, LogIndex{1});
    EXPECT_GT(report.last.index, LogIndex{70});
    EXPECT_EQ(report.consistent_index, report.last.index);
}

TEST_F(DamagedSegments, FirstCutAtARecordBreaksTheChain) {
    cut(segments_[0], frames_of(segments_[0]).back().offset);
    const DiskReport report = report_on(volume_);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr(segments_[1].filename().string() + " at 0"));
}

TEST_F(DamagedSegments, FirstCutWithinARecordIsNoTornTail) {
    cut(segments_[0], frames_of(segments_[0]).back().offset + 20);
    const DiskReport report = report_on(volume_);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr("cut short"));
}

TEST_F(DamagedSegments, FirstMissingLeavesALogThatBeginsTooLate) {
    fs::remove(segments_[0]);
    const DiskReport report = report_on(volume_);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr("the log begins at index"));
}

TEST_F(DamagedSegments, GapInTheirSequenceIsUnreadable) {
    const std::string name = segments_[1].filename().string();
    fs::rename(segments_[1], wal_of(volume_) / ("0000000000000002" + name.substr(16)));
    EXPECT_THAT(report_on(volume_).fault, HasSubstr("a segment is missing"));
}

TEST_F(DamagedSegments, SegmentOfAnotherDirectoryIsUnreadable) {
    write_bytes(segments_[1], bytes_of(segments_[0]));
    const DiskReport report = report_on(volume_);
    EXPECT_EQ(report.shape, DiskShape::unreadable);
    EXPECT_THAT(report.fault, HasSubstr(segments_[1].filename().string() + " at 0"));
}

}  // namespace
}  // namespace quorate::disk
