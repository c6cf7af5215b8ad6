// A journal as one file, to be sent away.
#include "adapters/journal/export.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

#include "tests/contract/journal/journal_files.hpp"

namespace quorate::journal {
namespace {

TEST_F(JournalFiles, AnExportReadsLikeTheJournal) {
    const Opened opened = Open();
    Append(*opened.journal, 20);
    const fs::path file = directory_.path() / "export";
    const auto written = export_to_file(*opened.journal, file);
    ASSERT_TRUE(written) << written.error().what;
    const auto exported = open_exported(file);
    ASSERT_TRUE(exported) << exported.error().what;
    EXPECT_EQ((*exported)->owner(), "replica 0");
    EXPECT_EQ((*exported)->first(), EventSeq{1});
    EXPECT_EQ((*exported)->last(), EventSeq{20});
    EXPECT_EQ(Records(**exported), Payloads(1, 20));
    EXPECT_EQ(Records(**exported, EventSeq{15}), Payloads(15, 20));
    EXPECT_EQ(*(*exported)->latest(), std::nullopt);
}

TEST_F(JournalFiles, AnExportOfAPartStartsWithItsSnapshot) {
    const Opened opened = Open();
    for (int i = 0; i < 4; ++i) {
        Append(*opened.journal, 5);
        PutSnapshot(*opened.journal, "state " + std::to_string(opened.journal->last().value));
    }
    const fs::path file = directory_.path() / "export";
    ASSERT_TRUE(export_to_file(*opened.journal, file, EventSeq{13}));
    const auto exported = open_exported(file);
    ASSERT_TRUE(exported) << exported.error().what;
    EXPECT_EQ(*(*exported)->latest(), *opened.journal->snapshot(EventSeq{10}));
    EXPECT_EQ(Records(**exported), Payloads(11, 20));
}

TEST_F(JournalFiles, AnExportOfAPrunedJournalStartsWithItsOldestSnapshot) {
    max_bytes_ = Bytes{1000};
    const Opened opened = Open();
    Append(*opened.journal, 10);
    PutSnapshot(*opened.journal, "state 10");
    Append(*opened.journal, 20);
    ASSERT_TRUE(opened.journal->prune());
    const fs::path file = directory_.path() / "export";
    const auto view = open_read_only(Path());
    ASSERT_TRUE(view) << view.error().what;
    ASSERT_TRUE(export_to_file(**view, file));
    const auto exported = open_exported(file);
    ASSERT_TRUE(exported) << exported.error().what;
    EXPECT_EQ((*(*exported)->latest())->bytes, "state 10");
    EXPECT_EQ(Records(**exported), Payloads(11, 30));
}

TEST_F(JournalFiles, EveryFlippedByteOfAnExportIsFound) {
    const Opened opened = Open("");
    Append(*opened.journal, 4);
    PutSnapshot(*opened.journal, "state 4");
    Append(*opened.journal, 2);
    const fs::path file = directory_.path() / "export";
    ASSERT_TRUE(export_to_file(*opened.journal, file, EventSeq{5}));
    const std::string whole = ReadFile(file);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        if (at >= whole.find("owner=") && at < whole.find('\n')) continue;
        WriteFile(file, whole);
        FlipByte(file, at);
        EXPECT_FALSE(open_exported(file)) << "byte " << at;
    }
}

TEST_F(JournalFiles, EveryCutOfAnExportIsFound) {
    const Opened opened = Open();
    Append(*opened.journal, 4);
    const fs::path file = directory_.path() / "export";
    ASSERT_TRUE(export_to_file(*opened.journal, file));
    const auto size = fs::file_size(file);
    for (std::uintmax_t cut = 1; cut <= size; ++cut) {
        fs::resize_file(file, size - cut);
        EXPECT_FALSE(open_exported(file)) << "cut by " << cut;
    }
}

TEST_F(JournalFiles, ADamagedRecordOfAnExportIsNamed) {
    const Opened opened = Open();
    Append(*opened.journal, 4);
    const fs::path file = directory_.path() / "export";
    ASSERT_TRUE(export_to_file(*opened.journal, file));
    FlipByte(file, ReadFile(file).find("event 3"));
    const auto exported = open_exported(file);
    ASSERT_FALSE(exported);
    EXPECT_NE(exported.error().what.find("record 3"), std::string::npos) << exported.error().what;
}

TEST_F(JournalFiles, AnExportIntoAStreamIsTheSameBytes) {
    const Opened opened = Open();
    Append(*opened.journal, 4);
    PutSnapshot(*opened.journal, "state 4");
    Append(*opened.journal, 2);
    const fs::path file = directory_.path() / "export";
    ASSERT_TRUE(export_to_file(*opened.journal, file, EventSeq{5}));
    std::ostringstream stream;
    ASSERT_TRUE(export_to_stream(*opened.journal, stream, EventSeq{5}));
    EXPECT_EQ(stream.str(), ReadFile(file));
    std::ostringstream broken;
    broken.setstate(std::ios::badbit);
    EXPECT_FALSE(export_to_stream(*opened.journal, broken)) << "whoever reads it is gone";
}

TEST_F(JournalFiles, AnExportLeavesNoPartBehindWhenItFails) {
    const Opened opened = Open();
    Append(*opened.journal, 4);
    fs::create_directory(directory_.path() / "taken");
    EXPECT_FALSE(export_to_file(*opened.journal, directory_.path() / "taken"));
    for (const auto& entry : fs::directory_iterator(directory_.path()))
        EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
}

}  // namespace
}  // namespace quorate::journal
