// The journal as the engine needs it. Each rule holds of the one on disk and of the simulated one.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <memory>

#include "adapters/host/journaling.hpp"
#include "core/step.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"
#include "sim/ports/journal.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

namespace fs = std::filesystem;

// No file of this process grows any more: what a full disk does to RocksDB's log.
class FullDisk {
  public:
    FullDisk() {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit none{1, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    rlimit before_{};
};

class Real {
  public:
    Real() {
        char name[] = "/tmp/quorate-port-XXXXXX";
        dir_ = ::mkdtemp(name);
        open();
    }
    ~Real() {
        journal_.reset();
        fs::remove_all(dir_);
    }

    Durable commit(std::span<const Record> records) { return journal_->commit(records); }
    Durable commit_that_fails(std::span<const Record> records) {
        const FullDisk full;
        return journal_->commit(records);
    }

    // The next life finds the files as they lie there now; nobody closed them.
    void crash() {
        const fs::path left = path();
        ++lives_;
        fs::copy(left, path(), fs::copy_options::recursive);
        open();
    }
    const State& folded() const { return folded_; }

    std::vector<Record> records() const {
        std::vector<Record> records;
        const auto read = journal_->source().for_each(EventSeq{1}, [&](EventSeq, auto bytes) {
            const auto entry = std::get<wire::JournalEntry>(wire::decode_entry(bytes));
            records.push_back({std::get<Event>(wire::decode_event(entry.event)),
                               std::get<Decision>(wire::decode_decision(entry.decision)),
                               entry.digest});
            return true;
        });
        EXPECT_TRUE(read);
        return records;
    }

  private:
    fs::path path() const { return dir_ / std::to_string(lives_); }
    void open() {
        auto opened =
            host::Journaling::open(path(), "replica-0", Bytes{std::uint64_t{64} << 20}, test::now);
        ASSERT_TRUE(opened) << opened.error().what;
        journal_ = std::move(opened->journal);
        folded_ = std::move(opened->state);
    }

    fs::path dir_;
    int lives_ = 0;
    std::unique_ptr<host::Journaling> journal_;
    State folded_;
};

class Simulated {
  public:
    Simulated() { crash(); }

    Durable commit(std::span<const Record> records) { return journal_->commit(records); }
    Durable commit_that_fails(std::span<const Record> records) {
        journal_->fail_next_commit();
        return journal_->commit(records);
    }
    void crash() {
        journal_.emplace(volume_.journal);
        folded_ = journal_->folded();
    }
    const State& folded() const { return folded_; }
    std::vector<Record> records() const { return volume_.journal.records; }

  private:
    sim::Volume volume_;
    std::optional<sim::VolumeJournal> journal_;
    State folded_;
};

class FormName {
  public:
    template <class Form>
    static std::string GetName(int) {
        return std::is_same_v<Form, Real> ? "Real" : "Simulated";
    }
};

// Records of one life, as the engine makes them: a real journal folds them again when it is opened.
template <class Form>
class Journal : public testing::Test {
  protected:
    std::vector<Record> next(std::initializer_list<Observation> observations) {
        std::vector<Record> batch;
        for (const Observation& one : observations) {
            Event event{EventSeq{state.seq.value + 1}, state.now + seconds(1), one};
            Step step = quorate::step(std::move(state), event);
            state = std::move(step.next);
            batch.push_back({std::move(event), std::move(step.decision), wire::digest(state)});
        }
        return batch;
    }
    void commit(const std::vector<Record>& batch) {
        ASSERT_EQ(journal.commit(batch), Durable::yes);
        committed.insert(committed.end(), batch.begin(), batch.end());
    }
    void expect_committed() const {
        const std::vector<Record> read = journal.records();
        ASSERT_EQ(read.size(), committed.size());
        for (std::size_t i = 0; i < read.size(); ++i) {
            EXPECT_EQ(read[i].event, committed[i].event);
            EXPECT_EQ(read[i].decision, committed[i].decision);
            EXPECT_EQ(read[i].digest, committed[i].digest);
        }
    }

    const AgentStarted started{test::settings(0, 3), 7, Lineage{"1-2"}};
    State state;
    Form journal;
    std::vector<Record> committed;
};
using Forms = testing::Types<Real, Simulated>;
TYPED_TEST_SUITE(Journal, Forms, FormName);

TYPED_TEST(Journal, OfANewVolumeHoldsNothing) {
    EXPECT_TRUE(this->journal.records().empty());
    EXPECT_EQ(this->journal.folded(), State{});
}

TYPED_TEST(Journal, KeepsRecordsAsTheyAreAndInTheirOrder) {
    this->commit(this->next({this->started}));
    this->commit(this->next({DesiredSeen{{3, PodManagement::parallel}}, TimerFired{}}));
    this->commit(this->next({StopRequested{}}));
    this->expect_committed();
}

TYPED_TEST(Journal, WhatWasCommittedIsThereAfterACrash) {
    this->commit(this->next({this->started}));
    this->journal.crash();
    this->commit(this->next({TimerFired{}, StopRequested{}}));
    this->journal.crash();
    this->expect_committed();
}

TYPED_TEST(Journal, ANewLifeBeginsWhereTheLastOneEnded) {
    this->commit(this->next({this->started, DesiredSeen{}, TimerFired{}}));
    this->journal.crash();
    const State& folded = this->journal.folded();
    EXPECT_EQ(folded.seq, this->state.seq);
    EXPECT_EQ(folded.now, this->state.now);
    EXPECT_EQ(folded.last_command, this->state.last_command);
    EXPECT_GT(folded.last_command, CommandId{});
}

TYPED_TEST(Journal, ACommitThatFailsLeavesNothingOfItsBatch) {
    this->commit(this->next({this->started}));
    const auto batch = this->next({TimerFired{}, DesiredSeen{}, StopRequested{}});
    EXPECT_EQ(this->journal.commit_that_fails(batch), Durable::no);
    this->journal.crash();
    this->expect_committed();
}

TYPED_TEST(Journal, AfterAFailureNothingMoreIsTakenInThisLife) {
    this->commit(this->next({this->started}));
    const State before = this->state;
    EXPECT_EQ(this->journal.commit_that_fails(this->next({TimerFired{}})), Durable::no);
    this->state = before;
    EXPECT_EQ(this->journal.commit(this->next({TimerFired{}})), Durable::no);
    this->journal.crash();
    this->expect_committed();
}

TYPED_TEST(Journal, AfterAFailureTheNextLifeCommitsAgain) {
    this->commit(this->next({this->started}));
    const State before = this->state;
    EXPECT_EQ(this->journal.commit_that_fails(this->next({TimerFired{}})), Durable::no);
    this->journal.crash();
    this->state = before;
    this->commit(this->next({this->started, StopRequested{}}));
    this->journal.crash();
    this->expect_committed();
}

}  // namespace
}  // namespace quorate
