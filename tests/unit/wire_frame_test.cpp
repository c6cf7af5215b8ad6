// The record reader in one-line facts. The verbs: Append writes the next record of a journal,
// Flip, Cut, Drop, Swap and Replace harm it, Read says how reading it ended.
#include "core/wire/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/wire/crc32c.hpp"

namespace quorate::wire {
namespace {

class Frames : public testing::Test {
  protected:
    void Append(std::string payload) {
        ++seq_;
        records_.push_back(frame(EventSeq{seq_}, chain_, payload));
        chain_ = std::get<Unframed>(unframe(records_.back())).chain;
    }
    void AppendMany(int count) {
        for (int i = 0; i < count; ++i)
            Append("event " + std::to_string(i));
    }
    void Flip(std::size_t record, std::size_t bit) {
        char& byte = records_[record][bit / 8];
        byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    }
    void Cut(std::size_t record, std::size_t size) { records_[record].resize(size); }
    void Drop(std::size_t record) {
        records_.erase(records_.begin() + static_cast<std::ptrdiff_t>(record));
    }
    void Swap(std::size_t a, std::size_t b) { std::swap(records_[a], records_[b]); }
    void Replace(std::size_t record, std::string bytes) { records_[record] = std::move(bytes); }

    // "ok 4", or "checksum at 3": the first fault and the record that was due.
    std::string Read() { return ReadWith(ChainReader{EventSeq{0}, kChainStart}); }
    std::string ReadWith(ChainReader reader) {
        for (const std::string& record : records_)
            reader.next(record);
        if (const auto& error = reader.error())
            return std::string(name_of(error->fault)) + " at " +
                   (error->seq ? std::to_string(error->seq->value) : "?");
        return "ok " + (reader.last() ? std::to_string(reader.last()->value) : "none");
    }

    std::vector<std::string> records_;
    ChainValue chain_ = kChainStart;
    std::uint64_t seq_ = 0;
};

std::string Payload(const std::string& framed) {
    const auto result = unframe(framed);
    const auto* record = std::get_if<Unframed>(&result);
    return record != nullptr ? std::string(record->payload) : "fault";
}

std::string Fault(const std::string& framed) {
    const auto result = unframe(framed);
    const auto* error = std::get_if<FrameError>(&result);
    return error != nullptr ? std::string(name_of(error->fault)) : "ok";
}

std::string Version2(std::string framed) {
    framed[2] = 2;
    const std::uint32_t crc =
        crc32c(std::string_view(framed).substr(8), crc32c(std::string_view(framed).substr(0, 4)));
    for (std::size_t i = 0; i < 4; ++i)
        framed[4 + i] = static_cast<char>((crc >> (8 * i)) & 0xffU);
    return framed;
}

// One record.

TEST_F(Frames, AnEmptyPayloadComesBack) { EXPECT_EQ(Payload(frame({1}, {0}, "")), ""); }

TEST_F(Frames, APayloadComesBack) { EXPECT_EQ(Payload(frame({1}, {0}, "hello")), "hello"); }

TEST_F(Frames, APayloadWithZeroBytesComesBack) {
    const std::string payload("a\0b\0", 4);
    EXPECT_EQ(Payload(frame({1}, {0}, payload)), payload);
}

TEST_F(Frames, ALargePayloadComesBack) {
    const std::string payload(std::size_t{1} << 20, 'x');
    EXPECT_EQ(Payload(frame({1}, {0}, payload)), payload);
}

TEST_F(Frames, SeqAndPreviousComeBack) {
    const std::string bytes = frame({0x0123456789abcdef}, {0xfedcba9876543210}, "x");
    const auto record = std::get<Unframed>(unframe(bytes));
    EXPECT_EQ(record.seq.value, 0x0123456789abcdefU);
    EXPECT_EQ(record.previous.value, 0xfedcba9876543210U);
}

TEST_F(Frames, TheChainOfARecordIsTheHashOfItsParts) {
    const std::string bytes = frame({7}, {9}, "x");
    EXPECT_EQ(std::get<Unframed>(unframe(bytes)).chain, chain_value({9}, {7}, "x"));
}

TEST_F(Frames, NothingIsTorn) { EXPECT_EQ(Fault(""), "torn"); }

TEST_F(Frames, EveryCutIsTorn) {
    const std::string whole = frame({1}, {0}, "hello, world");
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(Fault(whole.substr(0, size)), "torn") << "cut to " << size << " bytes";
}

TEST_F(Frames, AByteTooManyIsAChecksumFault) {
    EXPECT_EQ(Fault(frame({1}, {0}, "hello") + "x"), "checksum");
}

TEST_F(Frames, ZerosAreAChecksumFault) { EXPECT_EQ(Fault(std::string(100, '\0')), "checksum"); }

TEST_F(Frames, EveryFlippedBitIsFound) {
    Append("hello");
    for (std::size_t bit = 0; bit < records_[0].size() * 8; ++bit) {
        Flip(0, bit);
        EXPECT_NE(Fault(records_[0]), "ok") << "bit " << bit;
        EXPECT_NE(Fault(records_[0]), "version") << "bit " << bit;
        Flip(0, bit);
    }
}

TEST_F(Frames, ANewerVersionIsNotDamage) {
    EXPECT_EQ(Fault(Version2(frame({1}, {0}, "x"))), "version");
}

TEST_F(Frames, AnImpossibleLengthIsNotWaitedFor) {
    std::string bytes = frame({1}, {0}, "x");
    bytes[11] = '\x7f';
    EXPECT_EQ(frame_size(bytes), std::nullopt);
    EXPECT_EQ(Fault(bytes), "checksum");
}

TEST_F(Frames, TheSizeIsReadFromTheFrontOfAStream) {
    EXPECT_EQ(frame_size(frame({1}, {0}, "hello") + frame({2}, {0}, "more")), 33U);
}

TEST_F(Frames, TheSizeOfAHeaderCutShortIsNotKnown) {
    EXPECT_EQ(frame_size(frame({1}, {0}, "x").substr(0, 27)), std::nullopt);
}

// The format is on disks: these bytes never change.
TEST_F(Frames, TheBytesAreAsReleased) {
    const std::string bytes = frame({1}, {2}, "abc");
    const std::vector<std::uint8_t> released = {0x51, 0x4a, 0x01, 0x00, 0x65, 0xaf, 0xa0, 0x8c,
                                                0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
                                                0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
                                                0x00, 0x00, 0x00, 0x00, 0x61, 0x62, 0x63};
    EXPECT_EQ(std::vector<std::uint8_t>(bytes.begin(), bytes.end()), released);
}

TEST_F(Frames, TheChainIsAsReleased) {
    EXPECT_EQ(chain_value({2}, {1}, "abc").value, 0x7989e68d30f3f8d9U);
    EXPECT_EQ(chain_value({2}, {1}, "abcdefghijklm").value, 0xc43b5a8149f7473bU);
}

// A chain.

TEST_F(Frames, AnEmptyJournalReads) { EXPECT_EQ(ReadWith(ChainReader{}), "ok none"); }

TEST_F(Frames, AWholeChainReads) {
    AppendMany(5);
    EXPECT_EQ(Read(), "ok 5");
}

TEST_F(Frames, AChainCanBeReadFromItsMiddle) {
    AppendMany(5);
    Drop(0);
    Drop(0);
    EXPECT_EQ(ReadWith(ChainReader{}), "ok 5");
}

TEST_F(Frames, AFlippedBitIsLocated) {
    AppendMany(5);
    Flip(2, 230);
    EXPECT_EQ(Read(), "checksum at 3");
}

TEST_F(Frames, ATornRecordIsLocated) {
    AppendMany(5);
    Cut(4, 30);
    EXPECT_EQ(Read(), "torn at 5");
}

TEST_F(Frames, ADroppedRecordIsLocated) {
    AppendMany(5);
    Drop(1);
    EXPECT_EQ(Read(), "sequence at 2");
}

TEST_F(Frames, ADroppedFirstRecordIsLocated) {
    AppendMany(5);
    Drop(0);
    EXPECT_EQ(Read(), "sequence at 1");
}

TEST_F(Frames, SwappedRecordsAreLocated) {
    AppendMany(5);
    Swap(1, 2);
    EXPECT_EQ(Read(), "sequence at 2");
}

TEST_F(Frames, ADoubledRecordIsLocated) {
    AppendMany(5);
    Replace(3, records_[2]);
    EXPECT_EQ(Read(), "sequence at 4");
}

TEST_F(Frames, AForeignRecordIsLocated) {
    AppendMany(5);
    Replace(3, frame({4}, {12345}, "event 3"));
    EXPECT_EQ(Read(), "chain at 4");
}

TEST_F(Frames, ARewrittenRecordIsLocatedAtItsSuccessor) {
    AppendMany(5);
    Replace(2, frame({3}, std::get<Unframed>(unframe(records_[2])).previous, "another"));
    EXPECT_EQ(Read(), "chain at 4");
}

TEST_F(Frames, ANewerRecordIsLocated) {
    AppendMany(5);
    Replace(2, Version2(records_[2]));
    EXPECT_EQ(Read(), "version at 3");
}

TEST_F(Frames, AJournalOfAnotherStartIsForeign) {
    AppendMany(2);
    EXPECT_EQ(ReadWith(ChainReader{EventSeq{0}, ChainValue{1}}), "chain at 1");
}

TEST_F(Frames, TheFirstFaultStays) {
    AppendMany(5);
    Flip(1, 250);
    Cut(3, 3);
    EXPECT_EQ(Read(), "checksum at 2");
}

TEST_F(Frames, AFaultInTheFirstRecordOfAnOpenChainHasNoNumber) {
    AppendMany(2);
    Flip(0, 250);
    EXPECT_EQ(ReadWith(ChainReader{}), "checksum at ?");
}

// The hash.

TEST_F(Frames, EachPartChangesTheChain) {
    const ChainValue base = chain_value({1}, {2}, "abc");
    EXPECT_NE(base, chain_value({2}, {2}, "abc"));
    EXPECT_NE(base, chain_value({1}, {3}, "abc"));
    EXPECT_NE(base, chain_value({1}, {2}, "abd"));
}

TEST_F(Frames, TrailingZerosChangeTheChain) {
    std::set<std::uint64_t> seen;
    for (std::size_t size = 0; size < 40; ++size)
        seen.insert(chain_value({0}, {0}, std::string(size, '\0')).value);
    EXPECT_EQ(seen.size(), 40U);
}

TEST_F(Frames, EveryBitOfThePayloadMovesAboutHalfOfTheChain) {
    const std::string payload(40, 'p');
    const ChainValue base = chain_value({1}, {2}, payload);
    for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
        std::string other = payload;
        other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
        const int moved = __builtin_popcountll(base.value ^ chain_value({1}, {2}, other).value);
        EXPECT_GT(moved, 12) << "bit " << bit;
        EXPECT_LT(moved, 52) << "bit " << bit;
    }
}

TEST_F(Frames, ManySimilarRecordsHaveDifferentChains) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t seq = 0; seq < 20'000; ++seq)
        seen.insert(chain_value({seq % 7}, {seq}, "same").value);
    EXPECT_EQ(seen.size(), 20'000U);
}

// The checksum: values from RFC 3720, appendix B.4.

TEST(Crc32c, ZerosAsInTheRfc) { EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU); }

TEST(Crc32c, OnesAsInTheRfc) { EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U); }

TEST(Crc32c, DigitsAsEverywhere) { EXPECT_EQ(crc32c("123456789"), 0xe3069283U); }

TEST(Crc32c, TheTableGivesTheSameAsTheProcessor) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(crc32c(bytes), crc32c_by_table(bytes)) << bytes.size() << " bytes";
        bytes.push_back(static_cast<char>(i * 37));
    }
}

TEST(Crc32c, PartsContinue) {
    EXPECT_EQ(crc32c("456789", crc32c("123")), crc32c("123456789"));
    EXPECT_EQ(crc32c_by_table("456789", crc32c_by_table("123")), crc32c("123456789"));
}

}  // namespace
}  // namespace quorate::wire
