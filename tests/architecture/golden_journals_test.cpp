// Journals that the agents of every release wrote still fold to what was recorded of them.
//
// tests/golden/journals/VERSION/*.journal are exported journals of real clusters
// (tools/golden-journal). A journal is never changed, and it must always be read to the last bit.
// What today's core makes of it stands in folded.txt, a line each: how many records there are, how
// many are decided today as they were then, and the state after all of them. A rule that changes on
// purpose changes these lines and nothing else: run with QUORATE_REWRITE=1 and review the diff, it
// says which old decisions are others now.
#include <gtest/gtest.h>

#include <algorithm>
#include <cinttypes>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "adapters/journal/export.hpp"
#include "core/explain.hpp"
#include "core/step.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"
#include "replay/replay.hpp"

namespace quorate {
namespace {

namespace fs = std::filesystem;

fs::path golden() {
    const char* set = std::getenv("QUORATE_GOLDEN");
    return set != nullptr ? set : "tests/golden/journals";
}

bool rewriting() { return std::getenv("QUORATE_REWRITE") != nullptr; }

// A whole journal in memory, as the replay reads it.
struct Records final : replay::Source {
    std::vector<std::string> entries;  // of records 1, 2, ...
    std::optional<replay::Snapshot> none;

    const std::optional<replay::Snapshot>& snapshot() const override { return none; }
    std::string for_each(const Visit& visit) const override {
        for (std::size_t i = 0; i < entries.size(); ++i)
            visit(EventSeq{i + 1}, entries[i]);
        return {};
    }
};

// Why the file cannot be read goes to `why`.
std::optional<Records> read(const fs::path& file, std::string& why) {
    const auto source = journal::open_exported(file);
    if (!source) {
        why = source.error().what;
        return std::nullopt;
    }
    Records records;
    const auto done = (*source)->for_each(EventSeq{1}, [&](EventSeq, std::string_view entry) {
        records.entries.emplace_back(entry);
        return true;
    });
    if (!done) why = done.error().what;
    if ((*source)->first() != EventSeq{1}) why = "does not begin with record 1";
    if (!why.empty()) return std::nullopt;
    return records;
}

struct Folded {
    std::size_t records = 0;
    std::size_t as_then = 0;
    std::optional<std::size_t> first_other;
    std::uint64_t digest = 0;
    std::vector<std::string> unread;
};

template <class T>
const T* value(const std::variant<T, wire::WireError>& decoded) {
    return std::get_if<T>(&decoded);
}

// The replay stops at the first decision that differs; this goes on with the events, so that an old
// journal guards what comes after a rule that was changed on purpose.
Folded fold(const Records& records) {
    Folded folded;
    State state;
    for (const std::string& bytes : records.entries) {
        const std::string number = "record " + std::to_string(++folded.records);
        const auto decoded = wire::decode_entry(bytes);
        const auto* entry = value(decoded);
        if (entry == nullptr) {
            folded.unread.push_back(number);
            continue;
        }
        const auto event = wire::decode_event(entry->event);
        if (value(event) == nullptr || wire::encode(*value(event)) != entry->event ||
            std::holds_alternative<UnknownObservation>(value(event)->observation)) {
            folded.unread.push_back(number + ": its event");
            continue;
        }
        const auto decision = wire::decode_decision(entry->decision);
        if (value(decision) == nullptr || wire::encode(*value(decision)) != entry->decision)
            folded.unread.push_back(number + ": its decision");
        Step step = quorate::step(std::move(state), *value(event));
        state = std::move(step.next);
        if (wire::encode(step.decision) == entry->decision && wire::digest(state) == entry->digest)
            ++folded.as_then;
        else if (!folded.first_other)
            folded.first_other = folded.records;
    }
    folded.digest = wire::digest(state);
    return folded;
}

std::string line_of(const std::string& name, const Folded& folded) {
    char digest[17];
    std::snprintf(digest, sizeof digest, "%016" PRIx64, folded.digest);
    std::string line = name + ": " + std::to_string(folded.records) + " records, " +
                       std::to_string(folded.as_then) + " decided as then";
    if (folded.first_other) line += " (not " + std::to_string(*folded.first_other) + ")";
    return line + ", state " + digest;
}

std::vector<fs::path> journals_in(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".journal") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

// The folders of the releases.
std::vector<std::string> releases() {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(golden(), error))
        if (entry.is_directory()) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
}

std::string text_in(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class JournalsOf : public testing::TestWithParam<std::string> {};

TEST_P(JournalsOf, StillFoldToWhatWasRecorded) {
    const fs::path folder = golden() / GetParam();
    std::string lines;
    for (const fs::path& file : journals_in(folder)) {
        std::string why;
        const auto records = read(file, why);
        ASSERT_TRUE(records) << file << ": " << why;
        const Folded folded = fold(*records);
        for (const std::string& what : folded.unread)
            ADD_FAILURE() << file << ": " << what << " is not read to the last bit";
        const replay::Verdict verdict = replay::replay(*records);
        EXPECT_EQ(verdict.agrees(), folded.as_then == folded.records) << replay::explain(verdict);
        if (!verdict.agrees()) std::printf("%s\n", replay::explain(verdict).c_str());
        lines += line_of(file.filename().string(), folded) + "\n";
    }
    if (rewriting()) std::ofstream(folder / "folded.txt") << lines;
    EXPECT_EQ(text_in(folder / "folded.txt"), lines)
        << "meant so? QUORATE_REWRITE=1, and review what changes in " << folder / "folded.txt";
}

std::string case_name(const testing::TestParamInfo<std::string>& release) {
    std::string name = "v" + release.param;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Releases, JournalsOf, testing::ValuesIn(releases()), case_name);

TEST(Journals, ThereAreSomeAndTheyTellOfEveryKindOfChange) {
    ASSERT_FALSE(releases().empty());
    std::set<RuleId> taken;
    for (const fs::path& file : journals_in(golden() / releases().back())) {
        std::string why;
        const auto records = read(file, why);
        ASSERT_TRUE(records) << why;
        for (const std::string& bytes : records->entries) {
            const auto entry = wire::decode_entry(bytes);
            ASSERT_NE(value(entry), nullptr);
            const auto decision = wire::decode_decision(value(entry)->decision);
            ASSERT_NE(value(decision), nullptr);
            for (const RuleHit& hit : value(decision)->hits)
                taken.insert(hit.rule);
        }
    }
    // Founding; growing, shrinking and repairing; a removal to its end, an admission on content; a
    // volume that was set aside, and one that asked to be admitted.
    for (const RuleId rule : {RuleId::R04, RuleId::C05, RuleId::C06, RuleId::C07, RuleId::H08,
                              RuleId::H16, RuleId::H20, RuleId::R12, RuleId::R14})
        EXPECT_TRUE(taken.count(rule)) << rule_name(rule);
}

// The check bites.

struct Bites : testing::Test {
    void SetUp() override {
        const fs::path folder = golden() / releases().back();
        std::string why;
        file = journals_in(folder).front();
        records = read(file, why);
        ASSERT_TRUE(records) << why;
        before = fold(*records);
        std::string pattern = fs::temp_directory_path() / "quorate-golden-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        scratch = pattern;
    }
    void TearDown() override { fs::remove_all(scratch); }

    fs::path file;
    fs::path scratch;
    std::optional<Records> records;
    Folded before;
};

TEST_F(Bites, AFlippedByteOfTheFileIsFound) {
    std::string bytes = text_in(file);
    for (const std::size_t at : {bytes.size() / 3, bytes.size() / 2, bytes.size() - 1}) {
        std::string broken = bytes;
        broken[at] = static_cast<char>(broken[at] ^ 1);
        std::ofstream(scratch / "broken", std::ios::binary) << broken;
        std::string why;
        EXPECT_FALSE(read(scratch / "broken", why)) << at;
        EXPECT_FALSE(why.empty());
    }
}

TEST_F(Bites, AJournalThatWasCutIsFound) {
    const std::string bytes = text_in(file);
    std::ofstream(scratch / "cut", std::ios::binary) << bytes.substr(0, bytes.size() - 200);
    std::string why;
    EXPECT_FALSE(read(scratch / "cut", why));
}

TEST_F(Bites, AnotherDigestOrDecisionIsNotAsThen) {
    for (const bool digest : {true, false}) {
        Records altered = *records;
        const std::size_t at = 0;  // in which something was decided
        const auto decoded = wire::decode_entry(altered.entries[at]);
        wire::JournalEntry entry = *value(decoded);
        if (digest)
            ++entry.digest;
        else
            entry.decision = wire::encode(Decision{});
        altered.entries[at] = wire::encode_entry(entry);
        const Folded after = fold(altered);
        EXPECT_EQ(after.as_then, before.as_then - 1);
        EXPECT_FALSE(replay::replay(altered).agrees());
        EXPECT_NE(line_of("x", after), line_of("x", before));
    }
}

TEST_F(Bites, AnotherEventIsFoundInTheState) {
    Records altered = *records;
    const auto decoded = wire::decode_entry(altered.entries.back());
    wire::JournalEntry entry = *value(decoded);
    const auto event = wire::decode_event(entry.event);
    Event other = *value(event);
    other.at = other.at + seconds(1);
    entry.event = wire::encode(other);
    altered.entries.back() = wire::encode_entry(entry);
    EXPECT_NE(fold(altered).digest, before.digest);
}

TEST_F(Bites, AnEventThatThisReleaseDoesNotKnowIsFound) {
    Records altered = *records;
    const auto decoded = wire::decode_entry(altered.entries.back());
    wire::JournalEntry entry = *value(decoded);
    entry.event += std::string("\xfa\x3f\x01x", 4);  // field 1023, one byte long
    altered.entries.back() = wire::encode_entry(entry);
    EXPECT_EQ(fold(altered).unread.size(), 1U);
}

}  // namespace
}  // namespace quorate
