// The engine's order: compute, persist, install, release. Its ports write down what is asked of
// them, so that a test reads as the sequence that the world sees.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

class World final : public JournalPort, public OutboxPort, public ClockPort {
  public:
    Durable commit(std::span<const Record> records) override {
        std::string line = "commit";
        for (const Record& record : records)
            line += " " + std::to_string(record.event.seq.value) + "@" +
                    std::to_string((record.event.at - test::now).us / 1'000'000);
        told.push_back(line);
        return answer;
    }
    void release(std::span<const Command> commands) override {
        for (const Command& command : commands)
            if (!std::holds_alternative<WakeAt>(command.body))
                told.push_back(name_of(command.body));
    }
    Instant now() override { return time; }

    Durable answer = Durable::yes;
    Instant time = test::now + seconds(1);
    std::vector<std::string> told;
};

State fresh() {
    State state = test::state();
    state.seq = EventSeq{10};
    state.now = test::now;
    return state;
}

class EngineTest : public testing::Test {
  protected:
    Durable take(std::vector<Observation> observations) { return engine.take(observations); }

    World world;
    Engine engine{{world, world, world}, fresh(), {.digest = [](const State& state) {
                      return state.seq.value;
                  }}};
};

using Told = std::vector<std::string>;

TEST_F(EngineTest, ACommandIsReleasedAfterItsRecordIsDurable) {
    EXPECT_EQ(take({EtcdExited{}}), Durable::yes);
    const Told expected = {"commit 11@1", "ReleaseAuthority", "ExamineDisk", "ProbeReplicas"};
    EXPECT_EQ(world.told, expected);
}

TEST_F(EngineTest, NothingHappensWhenTheJournalRefuses) {
    world.answer = Durable::no;
    EXPECT_EQ(take({EtcdExited{}}), Durable::no);
    EXPECT_EQ(world.told, (Told{"commit 11@1"}));
    EXPECT_EQ(engine.state(), fresh());
}

TEST_F(EngineTest, WhatWaitsTogetherIsOneCommitInItsOrder) {
    EXPECT_EQ(take({EtcdExited{}, TimerFired{}, StopRequested{}}), Durable::yes);
    EXPECT_EQ(world.told.front(), "commit 11@1 12@1 13@1");
    EXPECT_EQ(engine.state().seq, EventSeq{13});
    EXPECT_TRUE(engine.state().facts.stop_requested);
}

TEST_F(EngineTest, TimeNeverRunsBackwards) {
    EXPECT_EQ(take({TimerFired{}}), Durable::yes);
    world.time = test::now - hours(1);
    EXPECT_EQ(take({TimerFired{}}), Durable::yes);
    EXPECT_EQ(world.told.back(), "commit 12@1");
}

TEST_F(EngineTest, TheStateIsWhatTheSameStepsMake) {
    State expected = fresh();
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(take({TimerFired{}, DesiredSeen{}}), Durable::yes);
        for (const Observation& one : {Observation{TimerFired{}}, Observation{DesiredSeen{}}}) {
            const Event event{EventSeq{expected.seq.value + 1}, world.time, one};
            expected = step(std::move(expected), event).next;
        }
        EXPECT_EQ(engine.state(), expected);
    }
}

}  // namespace
}  // namespace quorate
