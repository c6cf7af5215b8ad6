// The replay agrees with a journal that was left alone, and names the first event of one that was
// not. The verbs: Live lets an agent found a cluster of one, Flip, Drop and Swap harm its journal.
#include "replay/replay.hpp"

#include <gtest/gtest.h>

#include "replay/timeline.hpp"
#include "tests/support/memory_journal.hpp"

namespace quorate {
namespace {

class Replay : public testing::Test {
  protected:
    // Answers what is asked for, so that the agent gets on: an empty disk, a record that is
    // written, an etcd that starts.
    void Live(int rounds) {
        std::vector<Command> wanted = TakeAll(
            {AgentStarted{Settings(), 77, Lineage{"0c6e"}}, DesiredSeen{{1}}, RecordSeen{}});
        for (int i = 0; i < rounds; ++i)
            wanted = wanted.empty() ? TakeAll({TimerFired{}}) : Answer(wanted);
    }

    std::vector<Command> TakeAll(const std::vector<Observation>& observations) {
        std::vector<Command> wanted;
        for (const Observation& observation : observations) {
            const Decision decision = journal_.take(observation);
            for (const Command& command : decision.commands)
                if (has_outcome(command.body)) wanted.push_back(command);
        }
        return wanted;
    }

    std::vector<Command> Answer(const std::vector<Command>& wanted) {
        std::vector<Observation> answers;
        for (const Command& command : wanted) {
            answers.push_back(CommandEnded{command.id, Done{}, Bring(command.body)});
            if (const auto* write = std::get_if<WriteRecord>(&command.body))
                answers.push_back(RecordSeen{write->record, ""});
        }
        return TakeAll(answers);
    }

    static Brought Bring(const CommandBody& body) {
        if (std::holds_alternative<ExamineDisk>(body)) return DiskReport{};
        if (std::holds_alternative<StartEtcd>(body)) return EtcdSpawned{4711};
        if (std::holds_alternative<AcquireAuthority>(body)) return AuthorityGranted{Fence{1}};
        return Nothing{};
    }

    static quorate::Settings Settings() {
        return {
            Ordinal{0}, {{"quorate-0", "http://q0:2380", "http://q0:2379"}}, {3, 6, 11}, {}, {}};
    }

    wire::JournalEntry& Entry(std::uint64_t seq) { return journal_.records[seq - 1].entry; }
    void Drop(std::uint64_t seq) {
        journal_.records.erase(journal_.records.begin() + static_cast<std::ptrdiff_t>(seq) - 1);
    }

    // "ok 12", or "3: the decision is another one": the first event that differs.
    std::string Verdict() {
        const replay::Verdict verdict = replay::replay(journal_);
        if (!verdict.divergence) return "ok " + std::to_string(verdict.events);
        EXPECT_EQ(verdict.divergence->at.value, verdict.events + 1);
        return std::to_string(verdict.divergence->at.value) + ": " + verdict.divergence->what;
    }

    test::MemoryJournal journal_;
};

// The first event whose decision says something.
std::uint64_t Telling(const test::MemoryJournal& journal) {
    for (const auto& record : journal.records)
        if (record.entry.decision.size() > 20) return record.seq.value;
    return 0;
}

TEST_F(Replay, AJournalLeftAloneAgrees) {
    Live(20);
    EXPECT_EQ(Verdict(), "ok " + std::to_string(journal_.records.size()));
    EXPECT_TRUE(journal_.state.facts.etcd_running);
}

TEST_F(Replay, AnEmptyJournalAgrees) { EXPECT_EQ(Verdict(), "ok 0"); }

TEST_F(Replay, ItBeginsAtTheSnapshot) {
    Live(10);
    journal_.take_snapshot();
    TakeAll({TimerFired{}, TimerFired{}});
    EXPECT_EQ(Verdict(), "ok 2");
}

TEST_F(Replay, EveryFlippedByteOfADecisionIsLocated) {
    Live(10);
    const std::uint64_t seq = Telling(journal_);
    const std::string whole = Entry(seq).decision;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Entry(seq).decision[at] = static_cast<char>(whole[at] ^ 1);
        EXPECT_EQ(Verdict(), std::to_string(seq) + ": the decision is another one") << at;
        Entry(seq).decision = whole;
    }
}

// Digests are compared some at a time: each, wherever it is among them, and also in the last few.
TEST_F(Replay, EveryOtherDigestIsLocated) {
    Live(10);
    for (const auto& [seq, entry] : journal_.records) {
        Entry(seq.value).digest ^= 1;
        EXPECT_EQ(Verdict(), std::to_string(seq.value) + ": the state after it is another one");
        Entry(seq.value).digest ^= 1;
    }
}

TEST_F(Replay, OfSomeMistakesTheFirstIsTold) {
    Live(10);
    for (std::uint64_t seq = 1; seq + 2 < journal_.records.size(); ++seq) {
        const test::MemoryJournal whole = journal_;
        Entry(seq).digest ^= 1;
        Entry(seq + 1).decision += "x";
        EXPECT_EQ(Verdict(), std::to_string(seq) + ": the state after it is another one");
        Entry(seq + 1).event = "\xff";
        EXPECT_EQ(Verdict(), std::to_string(seq) + ": the state after it is another one");
        Drop(seq + 1);
        EXPECT_EQ(Verdict(), std::to_string(seq) + ": the state after it is another one");
        Entry(seq).digest ^= 1;
        EXPECT_EQ(Verdict(), std::to_string(seq + 1) + ": the record is missing or out of place");
        journal_ = whole;
    }
}

TEST_F(Replay, AnotherEventIsLocatedWhereItActs) {
    Live(10);
    Event event = std::get<Event>(wire::decode_event(Entry(2).event));
    event.observation = DesiredSeen{{0}};
    Entry(2).event = wire::encode(event);
    EXPECT_EQ(Verdict().substr(0, 3), "2: ");
}

TEST_F(Replay, ADroppedRecordIsLocated) {
    Live(10);
    Drop(4);
    EXPECT_EQ(Verdict(), "4: the record is missing or out of place");
}

TEST_F(Replay, SwappedRecordsAreLocated) {
    Live(10);
    std::swap(journal_.records[3], journal_.records[4]);
    EXPECT_EQ(Verdict(), "4: the record is missing or out of place");
}

TEST_F(Replay, SwappedContentIsLocated) {
    Live(10);
    std::swap(Entry(4), Entry(5));
    EXPECT_EQ(Verdict(), "4: the record holds another event");
}

TEST_F(Replay, AnEventThatCannotBeReadIsLocated) {
    Live(10);
    Entry(6).event = "\xff";
    EXPECT_EQ(Verdict(), "6: the event cannot be read");
}

TEST_F(Replay, ASnapshotOfAnotherEventIsNoBeginning) {
    Live(3);
    journal_.take_snapshot();
    TakeAll({TimerFired{}});
    const test::MemoryJournal whole = journal_;

    struct Moved final : replay::Source {
        const std::optional<replay::Snapshot>& snapshot() const override { return moved; }
        std::string for_each(const Visit&) const override { return ""; }
        std::optional<replay::Snapshot> moved;
    } moved;
    moved.moved = whole.snapshot();
    moved.moved->at.value += 1;
    EXPECT_EQ(replay::replay(moved).divergence.value().what, "the snapshot is of another event");
    moved.moved->bytes = "\xff";
    EXPECT_EQ(replay::replay(moved).divergence.value().what, "the snapshot cannot be read");
}

TEST_F(Replay, ASourceThatEndsEarlyDoesNotAgree) {
    Live(1);
    journal_.error = "record 9 is torn";
    EXPECT_FALSE(replay::replay(journal_).agrees());
    EXPECT_EQ(replay::replay(journal_).unreadable, "record 9 is torn");
}

TEST_F(Replay, BothDecisionsAreTold) {
    Live(10);
    const std::uint64_t seq = Telling(journal_);
    Entry(seq).decision = wire::encode(Decision{});
    const replay::Divergence divergence = replay::replay(journal_).divergence.value();
    EXPECT_EQ(divergence.expected, "nothing decided");
    EXPECT_NE(divergence.got.find("different from byte 0"), std::string::npos) << divergence.got;
    EXPECT_NE(replay::explain(replay::replay(journal_)).find("journal: nothing decided"),
              std::string::npos);
}

TEST_F(Replay, TheTimelineTellsWhatWhyAndWhatForInOrder) {
    journal_.state.now = Instant{1'772'600'767'000'008};
    Live(1);
    replay::Timeline timeline;
    std::string text;
    for (const auto& record : journal_.records)
        text += timeline.add(record.seq, wire::encode_entry(record.entry));
    EXPECT_EQ(text.substr(0, text.find('\n')),
              "2026-03-04T05:06:07.010008Z #1 the agent of replica 0 started, etcd 3.6.11");
    EXPECT_NE(text.find("\n    wants #1 examine the volume\n"), std::string::npos) << text;
    EXPECT_NE(text.find(" [examine the volume]\n"), std::string::npos) << text;
}

TEST(Timeline, ARecordThatCannotBeReadStandsInItsPlace) {
    EXPECT_EQ(replay::Timeline{}.add(EventSeq{7}, "\xff"),
              "#7 cannot be read: these bytes are no journal entry\n");
}

TEST(Timeline, TimeBeforeTheEpochIsTimeToo) {
    EXPECT_EQ(replay::utc(Instant{0}), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(replay::utc(Instant{-1}), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace quorate
