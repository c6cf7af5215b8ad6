// A journal in memory: takes observations as an agent's engine does, and is read by the replay.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/step.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"
#include "core/wire/state.hpp"
#include "replay/replay.hpp"

namespace quorate::test {

class MemoryJournal final : public replay::Source {
  public:
    struct Record {
        EventSeq seq;
        wire::JournalEntry entry;
    };

    const std::optional<replay::Snapshot>& snapshot() const override { return snapshot_; }
    std::string for_each(const Visit& visit) const override {
        for (const Record& record : records)
            visit(record.seq, wire::encode_entry(record.entry));
        return error;
    }

    // The decision on it; `later` after the event before.
    Decision take(Observation observation, Span later = milliseconds(10)) {
        const Event event{EventSeq{state.seq.value + 1}, state.now + later, std::move(observation)};
        return take(event);
    }
    Decision take(const Event& event) {
        Step step = quorate::step(std::move(state), event);
        state = std::move(step.next);
        records.push_back(
            {event.seq, {wire::encode(event), wire::encode(step.decision), wire::digest(state)}});
        return std::move(step.decision);
    }
    // What comes before is forgotten.
    void take_snapshot() {
        snapshot_ = replay::Snapshot{state.seq, wire::encode(state)};
        records.clear();
    }

    State state;
    std::vector<Record> records;
    std::string error;  // what a reader is told at the end

  private:
    std::optional<replay::Snapshot> snapshot_;
};

}  // namespace quorate::test
