// The journal read beside the agent that writes it.
#include <gtest/gtest.h>

#include "tests/contract/journal/journal_files.hpp"

namespace quorate::journal {
namespace {

TEST_F(JournalFiles, AViewSeesWhatALiveJournalHasOnlyInItsLog) {
    const Opened opened = Open();
    AppendOneByOne(*opened.journal, 20);
    PutSnapshot(*opened.journal, "state 20");
    AppendOneByOne(*opened.journal, 5);
    const auto view = open_read_only(Path());
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ((*view)->owner(), "replica 0");
    EXPECT_EQ((*view)->last(), EventSeq{25});
    EXPECT_EQ(Records(**view), Payloads(1, 25));
    EXPECT_EQ((*(*view)->latest())->bytes, "state 20");
}

TEST_F(JournalFiles, AViewDisturbsNobody) {
    const auto names = [this] {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(Path()))
            found.push_back(entry.path().filename());
        std::sort(found.begin(), found.end());
        return found;
    };
    const Opened opened = Open();
    AppendOneByOne(*opened.journal, 20);
    const auto before = names();
    const auto view = open_read_only(Path());
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_EQ(names(), before);
    AppendOneByOne(*opened.journal, 20);
    EXPECT_EQ(Records(*opened.journal), Payloads(1, 40));
    EXPECT_EQ(Records(**view), Payloads(1, 20)) << "as of when it was opened";
}

TEST_F(JournalFiles, AViewOutlivesPruning) {
    max_bytes_ = Bytes{std::uint64_t{4} << 20};
    const Opened opened = Open();
    Append(*opened.journal, 1000, 4000);
    PutSnapshot(*opened.journal, "state");
    const auto view = open_read_only(Path());
    ASSERT_TRUE(view) << view.error().what;
    EXPECT_TRUE(opened.journal->prune());
    EXPECT_EQ(Records(*opened.journal).size(), 0U);
    EXPECT_EQ(Records(**view).size(), 1000U);
}

TEST_F(JournalFiles, AViewOfNothingIsAFailure) {
    EXPECT_FALSE(open_read_only(Path()));
    EXPECT_FALSE(fs::exists(Path()));
}

}  // namespace
}  // namespace quorate::journal
