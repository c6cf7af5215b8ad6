// The rules of the log that a healthy single member never shows: records written by hand, in etcd's
// framing and with the chained checksum.
#include "adapters/disk/wal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/disk/files.hpp"
#include "tests/contract/disk/real_etcd.hpp"

namespace quorate::disk {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Wal : public testing::Test {
  protected:
    // A segment's head, as etcd writes it; the chain goes on from the segment before.
    void begin(std::uint64_t sequence, std::uint64_t member = 7) {
        char name[64];
        std::snprintf(name, sizeof name, "%016lx-%016lx.wal", static_cast<unsigned long>(sequence),
                      0UL);
        path_ = place_.path() / name;
        bytes_.clear();
        add_checksum();
        add(1, number(1, member) + number(2, 9));
    }
    void add(std::uint64_t type, const std::string& data) {
        bytes_ += framed_record(type, data, crc_);
        write_bytes(path_, bytes_);
    }
    void add_checksum() { bytes_ += framed_checksum(crc_); }
    void entry(std::uint64_t term, std::uint64_t index, const std::string& data = "put") {
        add(2, number(1, 0) + number(2, term) + number(3, index) + text(4, data));
    }
    void hard_state(std::uint64_t term, std::uint64_t commit) {
        add(3, number(1, term) + number(2, 7) + number(3, commit));
    }
    void snapshot(std::uint64_t term, std::uint64_t index) {
        add(5, number(1, index) + number(2, term));
    }

    Result<WalFacts> read() const { return read_wal(place_.path()); }
    WalFacts facts() const {
        auto wal = read();
        EXPECT_TRUE(wal) << (wal ? "" : wal.error().what + " " + wal.error().where);
        return wal ? *wal : WalFacts{};
    }
    std::string fault() const {
        const auto wal = read();
        return wal ? "" : wal.error().what;
    }

    TemporaryDirectory place_;
    fs::path path_;
    std::string bytes_;
    std::uint32_t crc_ = 0;
};

TEST_F(Wal, WithoutSegmentsIsRefused) { EXPECT_THAT(fault(), HasSubstr("there is no WAL")); }

TEST_F(Wal, NamesItsMemberAndItsLastEntry) {
    begin(0);
    snapshot(0, 0);
    entry(1, 1);
    entry(1, 2);
    hard_state(1, 2);
    EXPECT_EQ(facts().member_id, MemberId{7});
    EXPECT_EQ(facts().cluster_id, ClusterId{9});
    EXPECT_EQ(facts().first_index, LogIndex{1});
    EXPECT_EQ(facts().last, (LogPosition{Term{1}, LogIndex{2}}));
    EXPECT_EQ(facts().commit, LogIndex{2});
    EXPECT_THAT(facts().snapshots, ElementsAre());
}

TEST_F(Wal, EntryOfANewLeaderDropsTheLaterOnes) {
    begin(0);
    for (std::uint64_t index = 1; index <= 9; ++index)
        entry(1, index);
    entry(2, 6);
    EXPECT_EQ(facts().last, (LogPosition{Term{2}, LogIndex{6}}));
    entry(2, 7);
    EXPECT_EQ(facts().last, (LogPosition{Term{2}, LogIndex{7}}));
    EXPECT_EQ(facts().first_index, LogIndex{1});
}

TEST_F(Wal, LastHardStateWins) {
    begin(0);
    for (std::uint64_t index = 1; index <= 9; ++index)
        entry(1, index);
    hard_state(5, 9);
    hard_state(6, 4);
    EXPECT_EQ(facts().commit, LogIndex{4});
    EXPECT_EQ(facts().term, Term{6});
}

TEST_F(Wal, GapBetweenEntriesIsRefused) {
    begin(0);
    entry(1, 1);
    entry(1, 3);
    EXPECT_THAT(fault(), HasSubstr("entry 3 follows entry 1"));
}

TEST_F(Wal, ReceivedSnapshotLetsTheLogGoOnBehindIt) {
    begin(0);
    entry(1, 1);
    snapshot(2, 100);
    EXPECT_EQ(facts().last, (LogPosition{Term{1}, LogIndex{1}}));
    entry(2, 101);
    EXPECT_EQ(facts().first_index, LogIndex{101});
    EXPECT_EQ(facts().last, (LogPosition{Term{2}, LogIndex{101}}));
    EXPECT_THAT(facts().snapshots, ElementsAre(LogPosition{Term{2}, LogIndex{100}}));
}

TEST_F(Wal, OldestSegmentMayBePurged) {
    crc_ = 0x12345678;
    begin(4);
    entry(3, 500);
    EXPECT_EQ(facts().first_index, LogIndex{500});
}

TEST_F(Wal, ChainGoesOnInTheNextSegment) {
    begin(0);
    entry(1, 1);
    begin(1);
    entry(1, 2);
    EXPECT_EQ(facts().last.index, LogIndex{2});
}

TEST_F(Wal, BrokenChainIsRefused) {
    begin(0);
    entry(1, 1);
    crc_ ^= 1;
    begin(1);
    EXPECT_THAT(fault(), HasSubstr("checksum mismatch"));
}

TEST_F(Wal, SegmentOfAnotherMemberIsRefused) {
    begin(0);
    entry(1, 1);
    begin(1, 8);
    EXPECT_THAT(fault(), HasSubstr("another member"));
}

TEST_F(Wal, TornTailIsReportedAsWhole) {
    begin(0);
    entry(1, 1);
    EXPECT_EQ(facts().torn, "");
    const std::size_t sound = bytes_.size();
    entry(1, 2);
    for (std::size_t size = sound + 1; size < bytes_.size(); ++size) {
        write_bytes(path_, bytes_.substr(0, size));
        EXPECT_EQ(facts().last.index, LogIndex{1});
        EXPECT_EQ(facts().torn, path_.string() + " at " + std::to_string(sound));
    }
}

TEST_F(Wal, TornSegmentBeforeTheLastIsRefused) {
    begin(0);
    entry(1, 1);
    write_bytes(path_, bytes_.substr(0, bytes_.size() - 5));
    begin(1);
    EXPECT_THAT(fault(), HasSubstr("cut short"));
}

TEST_F(Wal, RecordOfUnknownTypeIsRefused) {
    begin(0);
    add(9, "?");
    EXPECT_THAT(fault(), HasSubstr("unknown type 9"));
}

TEST_F(Wal, OnlyEntriesWithDataAreWrites) {
    begin(0);
    entry(1, 1, "");
    entry(1, 2);
    add(2, number(1, 1) + number(2, 1) + number(3, 3) + text(4, "conf change"));
    EXPECT_EQ(facts().writes, 1U);
}

TEST_F(Wal, SnapshotRecordsKeptAreBounded) {
    begin(0);
    for (std::uint64_t index = 1; index <= 5 * wal_snapshots_max; ++index) {
        bytes_ += framed_record(5, number(1, index) + number(2, 1), crc_);
    }
    write_bytes(path_, bytes_);
    EXPECT_LE(facts().snapshots.size(), 2 * wal_snapshots_max);
    EXPECT_GE(facts().snapshots.size(), wal_snapshots_max);
    EXPECT_EQ(facts().snapshots.back().index.value, 5 * wal_snapshots_max);
}

TEST_F(Wal, ReaderStopsAtPreallocatedSpace) {
    begin(0);
    entry(1, 1);
    write_bytes(path_, bytes_ + std::string(3'000'000, '\0'));
    EXPECT_EQ(facts().last.index, LogIndex{1});
    EXPECT_EQ(facts().torn, "");
}

}  // namespace
}  // namespace quorate::disk
