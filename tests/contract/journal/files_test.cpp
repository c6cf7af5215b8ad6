// The journal on a real directory. Damage is done to its files between two opens; a crash is a
// real SIGKILL of a process that appends (this binary, started again with --append).
#include "adapters/journal/journal.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/wire/crc32c.hpp"
#include "tests/contract/journal/journal_files.hpp"

namespace quorate::journal {
namespace {

// Appends to the journal until it is killed, and writes the number of each record once that is
// safe.
struct Appender {
    pid_t pid;
    int acknowledged;  // where the numbers are read
};
Appender StartAppender(const std::string& path) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe failed");
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::close(ends[0]);
        ::execl("/proc/self/exe", "journal_test", "--append", path.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(ends[1]);
    return {pid, ends[0]};
}

// Changes bytes of RocksDB's log as a writer of other content would have: with the right checksum.
// Each record has checksum (4, masked CRC-32C), length (2) and type (1) before it.
void ReplaceInLog(const fs::path& file, const std::string& from, const std::string& to) {
    std::string log = ReadFile(file);
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(log[at]); };
    const std::size_t place = log.find(from);
    ASSERT_NE(place, std::string::npos);
    log.replace(place, to.size(), to);
    std::size_t at = 0;
    std::size_t length = 0;
    for (; at + 7 <= log.size(); at += 7 + length) {
        length = static_cast<std::size_t>(byte(at + 4) | byte(at + 5) << 8);
        if (place < at + 7 + length) break;
    }
    const std::uint32_t crc = wire::crc32c(std::string_view(log).substr(at + 6, 1 + length));
    const std::uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
    for (std::size_t i = 0; i < 4; ++i)
        log[at + i] = static_cast<char>((masked >> (8 * i)) & 0xffU);
    WriteFile(file, log);
}

// Order.

TEST_F(JournalFiles, AFreshOneIsEmpty) {
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::fresh);
    EXPECT_EQ(opened.journal->first(), EventSeq{1});
    EXPECT_EQ(opened.journal->last(), EventSeq{0});
    EXPECT_EQ(Records(*opened.journal).size(), 0U);
    EXPECT_EQ(*opened.journal->latest(), std::nullopt);
}

TEST_F(JournalFiles, ReopenReturnsAll) {
    AppendOneByOne(*Open().journal, 50);
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::intact);
    EXPECT_EQ(opened.journal->last(), EventSeq{50});
    EXPECT_EQ(Records(*opened.journal), Payloads(1, 50));
}

TEST_F(JournalFiles, ReopeningManyTimesContinuesTheChain) {
    for (int i = 0; i < 10; ++i) {
        const Opened opened = Open();
        EXPECT_EQ(opened.condition, i == 0 ? Condition::fresh : Condition::intact) << opened.what;
        Append(*opened.journal, 3);
    }
    EXPECT_EQ(Records(*Open().journal), Payloads(1, 30));
}

TEST_F(JournalFiles, ReadingStartsWhereAskedAndStopsWhenTold) {
    const Opened opened = Open();
    Append(*opened.journal, 10);
    std::vector<std::uint64_t> seen;
    const auto read = opened.journal->for_each(EventSeq{4}, [&](EventSeq seq, std::string_view) {
        seen.push_back(seq.value);
        return seq.value < 6;
    });
    EXPECT_TRUE(read);
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{4, 5, 6}));
}

TEST_F(JournalFiles, ARecordOutOfOrderIsRefusedAndChangesNothing) {
    const Opened opened = Open();
    Append(*opened.journal, 2);
    const std::vector<Record> gap = {{EventSeq{3}, "a"}, {EventSeq{5}, "b"}};
    const auto appended = opened.journal->append(gap);
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().kind, FailureKind::refused);
    EXPECT_EQ(opened.journal->last(), EventSeq{2});
    EXPECT_EQ(Records(*opened.journal), Payloads(1, 2));
}

TEST_F(JournalFiles, EachAppendForcesTheLogToDiskOnce) {
    const Opened opened = Open();
    for (int i = 0; i < 10; ++i) {
        const std::uint64_t before = opened.journal->syncs();
        Append(*opened.journal, 5);
        EXPECT_EQ(opened.journal->syncs(), before + 1);
    }
}

TEST_F(JournalFiles, TheSameRecordsGiveTheSameChain) {
    const Opened opened = Open();
    Append(*opened.journal, 7);
    wire::ChainValue chain = wire::kChainStart;
    for (std::uint64_t seq = 1; seq <= 7; ++seq)
        chain = wire::chain_value(chain, EventSeq{seq}, Payload(seq));
    EXPECT_EQ(opened.journal->chain(), chain);
}

// Snapshots.

TEST_F(JournalFiles, TheLatestSnapshotComesBack) {
    {
        const Opened opened = Open();
        Append(*opened.journal, 3);
        PutSnapshot(*opened.journal, "state 3");
        Append(*opened.journal, 3);
        PutSnapshot(*opened.journal, "state 6");
        Append(*opened.journal, 1);
    }
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::intact) << opened.what;
    EXPECT_EQ((*opened.journal->latest())->bytes, "state 6");
    EXPECT_EQ((*opened.journal->latest())->at, EventSeq{6});
    EXPECT_EQ((*opened.journal->snapshot(EventSeq{5}))->bytes, "state 3");
    EXPECT_EQ(*opened.journal->snapshot(EventSeq{2}), std::nullopt);
}

TEST_F(JournalFiles, ASnapshotOfAnOlderRecordIsTaken) {
    {
        const Opened opened = Open();
        Append(*opened.journal, 5);
        EXPECT_TRUE(opened.journal->put_snapshot(EventSeq{2}, "state 2"));
    }
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::intact) << opened.what;
    EXPECT_EQ((*opened.journal->latest())->bytes, "state 2");
}

TEST_F(JournalFiles, ASnapshotOfAFutureRecordIsRefused) {
    const Opened opened = Open();
    Append(*opened.journal, 5);
    EXPECT_FALSE(opened.journal->put_snapshot(EventSeq{6}, "state"));
}

// Pruning.

TEST_F(JournalFiles, PruningStaysUnderTheSizeAndKeepsTheTailExactly) {
    max_bytes_ = Bytes{std::uint64_t{32} << 20};
    constexpr std::size_t kSize = 4000;
    constexpr std::uint64_t kGroup = 64;
    std::uint64_t largest = 0;
    {
        const Opened opened = Open();
        Journal& journal = *opened.journal;
        const std::uint64_t records = 4 * max_bytes_.value / kSize;
        while (journal.last().value < records) {
            Append(journal, kGroup, kSize);
            if (journal.last().value % (kGroup * 12) == 0) {
                PutSnapshot(journal, "state " + std::to_string(journal.last().value));
                const auto pruned = journal.prune();
                ASSERT_TRUE(pruned) << pruned.error().what;
            }
            largest = std::max(largest, journal.size().value);
        }
        EXPECT_GT(journal.first().value, records / 2);
        EXPECT_GT(journal.last().value - journal.first().value, records / 12)
            << "kept to look back";
    }
    EXPECT_LT(largest, max_bytes_.value);
    RecordProperty("largest", std::to_string(largest));

    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::intact) << opened.what;
    Journal& journal = *opened.journal;
    const auto base = *journal.snapshot(journal.first());
    ASSERT_TRUE(base);
    EXPECT_EQ(base->at.value + 1, journal.first().value);
    EXPECT_EQ(base->bytes, "state " + std::to_string(base->at.value));
    std::uint64_t due = journal.first().value;
    EXPECT_TRUE(journal.for_each(EventSeq{0}, [&](EventSeq seq, std::string_view bytes) {
        EXPECT_EQ(seq.value, due);
        EXPECT_EQ(bytes, Payload(due++, kSize));
        return true;
    }));
    EXPECT_EQ(due, journal.last().value + 1);
}

TEST_F(JournalFiles, PruningWithoutASnapshotKeepsEverything) {
    max_bytes_ = Bytes{1000};
    const Opened opened = Open();
    Append(*opened.journal, 100);
    EXPECT_TRUE(opened.journal->prune());
    EXPECT_EQ(Records(*opened.journal), Payloads(1, 100));
}

TEST_F(JournalFiles, PruningKeepsWhatFollowsTheLatestSnapshotEvenIfItIsTooMuch) {
    max_bytes_ = Bytes{1000};
    {
        const Opened opened = Open();
        Append(*opened.journal, 10);
        PutSnapshot(*opened.journal, "state 10");
        Append(*opened.journal, 100);
        EXPECT_TRUE(opened.journal->prune());
    }
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::intact) << opened.what;
    EXPECT_EQ(opened.journal->first(), EventSeq{11});
    EXPECT_EQ(Records(*opened.journal), Payloads(11, 110));
}

TEST_F(JournalFiles, AJournalThatIsOnlyASnapshotContinuesItsNumbersAndChain) {
    max_bytes_ = Bytes{100};
    wire::ChainValue chain;
    {
        const Opened opened = Open();
        Append(*opened.journal, 10);
        PutSnapshot(*opened.journal, "state 10");
        EXPECT_TRUE(opened.journal->prune());
        chain = opened.journal->chain();
    }
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::intact) << opened.what;
    EXPECT_EQ(opened.journal->last(), EventSeq{10});
    EXPECT_EQ(opened.journal->chain(), chain);
    Append(*opened.journal, 2);
    EXPECT_EQ(Records(*opened.journal), Payloads(11, 12));
}

TEST_F(JournalFiles, ADeletedOneIsBegunAnewAfterTheStateThatIsLeft) {
    wire::ChainValue chain;
    {
        const Opened opened = Open();
        Append(*opened.journal, 10);
        chain = opened.journal->chain();
        EXPECT_FALSE(opened.journal->is_gone());
        fs::remove_all(Path());
        EXPECT_TRUE(opened.journal->is_gone());
        fs::create_directory(Path());
        WriteFile(Path() / "what somebody put there", "");
        EXPECT_TRUE(opened.journal->is_gone()) << "another directory is not this one";
    }
    {
        const auto anew =
            open_after(EventSeq{10}, chain, "state 10", {Path(), max_bytes_, "replica 0"}, kNow);
        ASSERT_TRUE(anew) << anew.error().what;
        Append(**anew, 2);
    }
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::intact) << opened.what;
    EXPECT_EQ(opened.journal->latest().value()->bytes, "state 10");
    EXPECT_EQ(Records(*opened.journal), Payloads(11, 12));
    EXPECT_TRUE(fs::exists(Path().string() + ".set-aside-20231114T221320Z-foreign"));
}

// Crash and damage.

TEST_F(JournalFiles, KillNineLosesNothingThatWasAcknowledged) {
    for (int round = 0; round < 5; ++round) {
        const Appender appender = StartAppender(Path());
        std::uint64_t last = 0;
        std::uint64_t seen = 0;
        while (seen < 200 && ::read(appender.acknowledged, &last, sizeof last) == sizeof last)
            ++seen;
        ::kill(appender.pid, SIGKILL);
        while (::read(appender.acknowledged, &last, sizeof last) == sizeof last) {
        }
        ::close(appender.acknowledged);
        int status = 0;
        ::waitpid(appender.pid, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
        ASSERT_GE(seen, 200U);

        const Opened opened = Open();
        EXPECT_TRUE(opened.condition == Condition::intact ||
                    opened.condition == Condition::torn_tail_cut)
            << opened.what;
        EXPECT_GE(opened.journal->last().value, last);
        EXPECT_EQ(Records(*opened.journal), Payloads(1, opened.journal->last().value));
    }
}

TEST_F(JournalFiles, ATornTailIsCutThere) {
    AppendOneByOne(*Open().journal, 10);
    const fs::path log = File(".log");
    fs::resize_file(log, fs::file_size(log) - 5);
    {
        const Opened opened = Open();
        EXPECT_EQ(name_of(opened.condition), "torn_tail_cut") << opened.what;
        EXPECT_EQ(opened.set_aside, "");
        EXPECT_EQ(Records(*opened.journal), Payloads(1, 9));
        Append(*opened.journal, 2);
    }
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::intact) << opened.what;
    EXPECT_EQ(Records(*opened.journal), Payloads(1, 11));
}

TEST_F(JournalFiles, EveryCutOfTheLogLosesOnlyWhatIsBehindIt) {
    AppendOneByOne(*Open().journal, 3);
    const fs::path log = File(".log");
    const fs::path copy = directory_.path() / "copy";
    fs::copy(Path(), copy, fs::copy_options::recursive);
    const auto size = fs::file_size(log);
    for (std::uintmax_t cut = 1; cut < size; cut += 7) {
        fs::remove_all(Path());
        fs::copy(copy, Path(), fs::copy_options::recursive);
        fs::resize_file(log, size - cut);
        const Opened opened = Open();
        ASSERT_TRUE(opened.journal);
        EXPECT_EQ(opened.set_aside, "") << "cut by " << cut << ": " << opened.what;
        EXPECT_LE(opened.journal->last(), EventSeq{2}) << "cut by " << cut;
        EXPECT_EQ(Records(*opened.journal), Payloads(1, opened.journal->last().value));
    }
}

TEST_F(JournalFiles, GarbageAtTheEndOfTheLogIsATornTail) {
    AppendOneByOne(*Open().journal, 10);
    const fs::path log = File(".log");
    WriteFile(log, ReadFile(log) + std::string(300, '\xa5'));
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::torn_tail_cut) << opened.what;
    EXPECT_EQ(Records(*opened.journal), Payloads(1, 10));
}

TEST_F(JournalFiles, AFlippedByteInTheLogBeforeAcknowledgedRecordsIsDamage) {
    AppendOneByOne(*Open().journal, 10);
    const std::string log = ReadFile(File(".log"));
    FlipByte(File(".log"), log.find("event 4"));
    const Opened opened = Open();
    ExpectSetAside(opened, Condition::damaged);
    const auto old = open_read_only(opened.set_aside);
    ASSERT_TRUE(old) << old.error().what;
    EXPECT_EQ(Records(**old), Payloads(1, 3)) << "what is set aside is what was found";
}

TEST_F(JournalFiles, AFlippedByteInATableIsDamage) {
    AppendOneByOne(*Open().journal, 10);
    Open().journal.reset();  // the log becomes a table
    const std::string table = ReadFile(File(".sst"));
    ASSERT_NE(table.find("event 4"), std::string::npos);
    FlipByte(File(".sst"), table.find("event 4"));
    ExpectSetAside(Open(), Condition::damaged);
}

TEST_F(JournalFiles, AMissingTableIsDamage) {
    AppendOneByOne(*Open().journal, 10);
    Open().journal.reset();
    fs::remove(File(".sst"));
    const Opened opened = Open();
    EXPECT_EQ(name_of(opened.condition), "damaged") << opened.what;
}

TEST_F(JournalFiles, AMissingRootIsDamageAndNothingIsDeleted) {
    AppendOneByOne(*Open().journal, 10);
    Open().journal.reset();
    fs::remove(Path() / "CURRENT");
    fs::remove(File(".log"));
    const std::string table = File(".sst").filename();
    const Opened opened = Open();
    EXPECT_EQ(opened.condition, Condition::damaged) << opened.what;
    EXPECT_TRUE(fs::exists(fs::path(opened.set_aside) / table));
}

TEST_F(JournalFiles, AnotherOwnersJournalIsSetAside) {
    Append(*Open("replica 1").journal, 10);
    const Opened opened = Open("replica 2");
    ExpectSetAside(opened, Condition::foreign);
    EXPECT_NE(opened.what.find("replica 1"), std::string::npos);
}

TEST_F(JournalFiles, TheFreshOneAfterASetAsideIsKept) {
    Append(*Open("replica 1").journal, 10);
    Append(*Open("replica 2").journal, 4);
    const Opened opened = Open("replica 2");
    EXPECT_EQ(opened.condition, Condition::intact);
    EXPECT_EQ(opened.journal->last(), EventSeq{4});
}

TEST_F(JournalFiles, OnlyAFewSetAsideAreKept) {
    for (int i = 0; i < 9; ++i)
        Append(*Open("replica " + std::to_string(i)).journal, 1);
    const auto entries =
        std::distance(fs::directory_iterator(directory_.path()), fs::directory_iterator());
    EXPECT_EQ(entries, static_cast<std::ptrdiff_t>(kSetAsideMax) + 1);
}

TEST_F(JournalFiles, ANewerFormatIsSetAside) {
    Append(*Open().journal, 10);
    ReplaceInLog(File(".log"),
                 std::string("\x06"
                             "format"
                             "\x01"
                             "1"),
                 std::string("\x06"
                             "format"
                             "\x01"
                             "2"));
    ExpectSetAside(Open(), Condition::newer_format);
}

TEST_F(JournalFiles, AJournalInUseIsRefusedAndLeftAlone) {
    const Opened first = Open();
    Append(*first.journal, 3);
    const auto second = TryOpen();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, FailureKind::refused);
    EXPECT_NE(second.error().what.find("in use"), std::string::npos) << second.error().what;
    Append(*first.journal, 3);
    EXPECT_EQ(Records(*first.journal), Payloads(1, 6));
}

TEST_F(JournalFiles, AJournalInUseByAnotherProcessIsRefusedAndLeftAlone) {
    const Appender appender = StartAppender(Path());
    std::uint64_t last = 0;
    EXPECT_EQ(::read(appender.acknowledged, &last, sizeof last), ssize_t{sizeof last});
    const auto second = TryOpen();
    EXPECT_FALSE(second);
    EXPECT_NE((second ? std::string() : second.error().what).find("in use"), std::string::npos);
    ::kill(appender.pid, SIGKILL);
    ::waitpid(appender.pid, nullptr, 0);
    ::close(appender.acknowledged);
    EXPECT_EQ(Open().set_aside, "");
}

TEST_F(JournalFiles, ADirectoryThatCannotBeUsedIsAFailureNotDamage) {
    WriteFile(Path(), "a file");
    const auto opened = TryOpen();
    ASSERT_FALSE(opened);
    EXPECT_EQ(ReadFile(Path()), "a file");
}

// Appends until it is killed; tells each acknowledged number on stdout.
int AppendForever(const char* path) {
    auto opened = open(Options{.path = path, .owner = "replica 0"}, kNow);
    if (!opened) return 1;
    Journal& journal = *opened->journal;
    for (;;) {
        std::vector<Record> records;
        for (std::uint64_t i = 1; i <= 3; ++i)
            records.push_back(
                {EventSeq{journal.last().value + i}, Payload(journal.last().value + i)});
        if (!journal.append(records)) return 1;
        const std::uint64_t last = journal.last().value;
        if (::write(STDOUT_FILENO, &last, sizeof last) != ssize_t{sizeof last}) return 1;
    }
}

}  // namespace
}  // namespace quorate::journal

int main(int argc, char** argv) {
    if (argc == 3 && std::string(argv[1]) == "--append")
        return quorate::journal::AppendForever(argv[2]);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
