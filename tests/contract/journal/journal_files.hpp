// A journal in a directory of its own, and what tests do to its files between two opens.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/journal/journal.hpp"

namespace quorate::journal {

namespace fs = std::filesystem;

inline constexpr Instant kNow{1'700'000'000'000'000};  // 2023-11-14 22:13:20 UTC

inline std::string Payload(std::uint64_t seq, std::size_t size = 20) {
    std::string text = "event " + std::to_string(seq) + " ";
    text.resize(std::max(size, text.size()), 'x');
    return text;
}

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = "/tmp/quorate-journal-XXXXXX";  // mkdtemp fills in the X
        path_ = ::mkdtemp(name.data());
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

inline std::string ReadFile(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void WriteFile(const fs::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

inline void FlipByte(const fs::path& file, std::size_t at) {
    std::string bytes = ReadFile(file);
    ASSERT_LT(at, bytes.size()) << file;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    WriteFile(file, bytes);
}

inline std::vector<std::string> Records(const Source& source, EventSeq from = EventSeq{0}) {
    std::vector<std::string> records;
    const auto read = source.for_each(from, [&](EventSeq, std::string_view bytes) {
        records.emplace_back(bytes);
        return true;
    });
    EXPECT_TRUE(read) << read.error().what;
    return records;
}

inline std::vector<std::string> Payloads(std::uint64_t first, std::uint64_t last) {
    std::vector<std::string> payloads;
    for (std::uint64_t seq = first; seq <= last; ++seq)
        payloads.push_back(Payload(seq));
    return payloads;
}

class JournalFiles : public testing::Test {
  protected:
    fs::path Path() const { return directory_.path() / "journal"; }

    Result<Opened> TryOpen(const std::string& owner = "replica 0") {
        return open(Options{.path = Path(), .max_bytes = max_bytes_, .owner = owner}, kNow);
    }
    Opened Open(const std::string& owner = "replica 0") {
        auto opened = TryOpen(owner);
        EXPECT_TRUE(opened) << opened.error().what << " at " << opened.error().where;
        return opened ? std::move(*opened) : Opened{};
    }
    void Append(Journal& journal, std::uint64_t count, std::size_t size = 20) {
        std::vector<Record> records;
        for (std::uint64_t i = 1; i <= count; ++i)
            records.push_back(
                {EventSeq{journal.last().value + i}, Payload(journal.last().value + i, size)});
        const auto appended = journal.append(records);
        ASSERT_TRUE(appended) << appended.error().what;
    }
    void AppendOneByOne(Journal& journal, std::uint64_t count, std::size_t size = 20) {
        for (std::uint64_t i = 0; i < count; ++i)
            Append(journal, 1, size);
    }
    void PutSnapshot(Journal& journal, const std::string& bytes) {
        const auto put = journal.put_snapshot(journal.last(), bytes);
        ASSERT_TRUE(put) << put.error().what;
    }

    // The one file of a kind that is not empty; opening again turns the log into a table.
    fs::path File(const std::string& extension) const {
        fs::path largest;
        for (const auto& entry : fs::directory_iterator(Path())) {
            if (entry.path().extension() != extension) continue;
            if (largest.empty() || entry.file_size() > fs::file_size(largest))
                largest = entry.path();
        }
        return largest;
    }

    void ExpectSetAside(const Opened& opened, Condition condition) const {
        EXPECT_EQ(name_of(opened.condition), name_of(condition)) << opened.what;
        EXPECT_EQ(opened.set_aside, Path().string() + ".set-aside-20231114T221320Z-" +
                                        std::string(name_of(condition)));
        EXPECT_TRUE(fs::exists(fs::path(opened.set_aside) / "CURRENT"));
        EXPECT_FALSE(opened.what.empty());
        ASSERT_TRUE(opened.journal);
        EXPECT_EQ(opened.journal->last(), EventSeq{0});
        EXPECT_EQ(Records(*opened.journal).size(), 0U);
    }

    Bytes max_bytes_{std::uint64_t{64} << 20};
    TemporaryDirectory directory_;
};

}  // namespace quorate::journal
